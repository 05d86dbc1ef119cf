"""A real API server of Kubernetes on this machine, with its etcd.

There are no controllers and no nodes: objects are checked, admitted (PodSecurity as well) and kept, and nothing runs.
"""

import json
import os
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import trustme

from streams.kafka.local.ports import free_port
from tests.waiting import until

TOKEN = "of-the-tests"
KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters: [{{name: test, cluster: {{server: "https://127.0.0.1:{port}", insecure-skip-tls-verify: true}}}}]
users: [{{name: test, user: {{token: {token}}}}}]
contexts: [{{name: test, context: {{cluster: test, user: test}}}}]
current-context: test
"""


class ApiError(Exception):
    """The API server refused; says what it said."""


class Cluster:
    """A context manager. *programs* as `tests.kubernetes.binaries.build` gives them; everything else lies in *directory*."""

    def __init__(self, programs: Mapping[str, Path], directory: Path) -> None:
        self._programs, self._directory = programs, directory
        self._running: list[subprocess.Popen[bytes]] = []
        self._port = free_port()
        self.kubeconfig = directory / "kubeconfig"
        self._tls = ssl._create_unverified_context()

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._running):
            process.kill()  # nothing of it is kept, and an API server that is asked to end takes its time
        for process in reversed(self._running):
            process.wait(20)

    def _start(self) -> None:
        keys = self._directory / "keys"
        keys.mkdir()
        (keys / "accounts.key").write_bytes(trustme.CA(key_type=trustme.KeyType.RSA).private_key_pem.bytes())
        (keys / "tokens.csv").write_text(f"{TOKEN},test,test,system:masters\n")
        self.kubeconfig.write_text(KUBECONFIG.format(port=self._port, token=TOKEN))
        store, peers = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        self._run(
            "etcd",
            "--data-dir",
            str(self._directory / "etcd"),
            "--unsafe-no-fsync",
            "--listen-client-urls",
            store,
            "--advertise-client-urls",
            store,
            "--listen-peer-urls",
            peers,
            "--initial-advertise-peer-urls",
            peers,
            "--initial-cluster",
            f"default={peers}",
        )
        account = [f"--service-account-{which}-file={keys / 'accounts.key'}" for which in ("key", "signing-key")]
        self._run(
            "kube-apiserver",
            f"--etcd-servers={store}",
            f"--secure-port={self._port}",
            "--bind-address=127.0.0.1",
            f"--cert-dir={keys}",
            *account,
            "--service-account-issuer=https://test",
            f"--token-auth-file={keys / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--profiling=false",
        )
        until(self._ready, 120)

    def _run(self, name: str, *arguments: str) -> None:
        with (self._directory / f"{name}.log").open("wb") as log:
            self._running.append(subprocess.Popen([self._programs[name], *arguments], stdout=log, stderr=log, cwd=self._directory))

    def _ready(self) -> bool:
        if dead := [one for one in self._running if one.poll() is not None]:
            raise AssertionError(f"{dead[0].args!r} ended; its log is in {self._directory}")
        try:
            return bool(self.get("/api/v1/namespaces/default"))
        except (ApiError, OSError):
            return False

    # -- its API

    def get(self, path: str) -> dict[str, Any]:
        return self._call("GET", path)

    def items(self, path: str, **labels: str) -> list[dict[str, Any]]:
        chosen = ",".join(f"{key.replace('__', '/')}={value}" for key, value in labels.items())
        return list(self.get(f"{path}?labelSelector={chosen}")["items"])

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return self._call("POST", path, body)

    def patch(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return self._call("PATCH", path, body)

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        request = urllib.request.Request(
            f"https://127.0.0.1:{self._port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": kind},
        )
        try:
            with urllib.request.urlopen(request, context=self._tls, timeout=30) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            raise ApiError(f"{method} {path}: {error.code} {error.read().decode()[:500]}") from None

    def helm(self, *arguments: str, helm: str = "helm") -> "subprocess.CompletedProcess[str]":
        environment = os.environ | {"KUBECONFIG": str(self.kubeconfig), "HELM_CACHE_HOME": str(self._directory / "helm")}
        return subprocess.run([helm, *arguments], env=environment, capture_output=True, text=True, check=False)
