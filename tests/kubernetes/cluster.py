"""A whole control plane of Kubernetes on this machine: etcd, API server, controllers, scheduler, and kwok for the nodes.

Controllers and scheduler are the real ones, so pods are made, placed, rolled, evicted and given their volumes as everywhere. There is no kubelet:
kwok says of a pod that it runs (stages.yaml), and no container of it does; nobody enforces a NetworkPolicy, and no volume is behind a claim.
"""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import trustme

from streams.kafka.local.ports import free_port
from tests.children import dies_with_parent
from tests.kubernetes.api import Api, ApiError
from tests.waiting import until

TOKEN = "of-the-tests"
NODES = ("one", "two", "three")
STORAGE = "local"
"""The class of the volumes that `offer_volumes` puts there; it is the default."""
STAGES = Path(__file__).with_name("stages.yaml")
KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters: [{{name: test, cluster: {{server: "https://127.0.0.1:{port}", insecure-skip-tls-verify: true}}}}]
users: [{{name: test, user: {{token: {token}}}}}]
contexts: [{{name: test, context: {{cluster: test, user: test}}}}]
current-context: test
"""


class Cluster:
    """A context manager. *programs* as `tests.kubernetes.binaries.build` gives them; everything else lies in *directory*."""

    def __init__(self, programs: Mapping[str, Path], directory: Path) -> None:
        self._programs, self._directory = programs, directory
        self._running: list[subprocess.Popen[bytes]] = []
        self._port = free_port()
        self._volumes = 0
        self.kubeconfig = directory / "kubeconfig"
        self.api = Api(self._port, TOKEN)

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
        signing = keys / "accounts.key"
        signing.write_bytes(trustme.CA(key_type=trustme.KeyType.RSA).private_key_pem.bytes())
        (keys / "tokens.csv").write_text(f"{TOKEN},test,test,system:masters\n")
        self.kubeconfig.write_text(KUBECONFIG.format(port=self._port, token=TOKEN))
        store, peers = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        addresses = {"listen-client": store, "advertise-client": store, "listen-peer": peers, "initial-advertise-peer": peers}
        self._run(
            "etcd",
            f"--data-dir={self._directory / 'etcd'}",
            "--unsafe-no-fsync",
            f"--initial-cluster=default={peers}",
            *(f"--{name}-urls={url}" for name, url in addresses.items()),
        )
        self._run(
            "kube-apiserver",
            f"--etcd-servers={store}",
            f"--secure-port={self._port}",
            "--bind-address=127.0.0.1",
            f"--cert-dir={keys}",
            f"--service-account-key-file={signing}",
            f"--service-account-signing-key-file={signing}",
            "--service-account-issuer=https://test",
            f"--token-auth-file={keys / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--profiling=false",
        )
        until(self._ready, 120)
        alone = (f"--kubeconfig={self.kubeconfig}", "--leader-elect=false", "--secure-port=0")
        self._run(
            "kube-controller-manager",
            *alone,
            f"--service-account-private-key-file={signing}",
            "--use-service-account-credentials=false",
            "--horizontal-pod-autoscaler-sync-period=1s",
            "--horizontal-pod-autoscaler-cpu-initialization-period=1s",
        )
        self._run("kube-scheduler", *alone)
        self._run("kwok", f"--kubeconfig={self.kubeconfig}", "--manage-all-nodes=true", f"--config={STAGES}")
        for number, name in enumerate(NODES):
            labels = {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": f"zone-{number}"}
            self.api.post("/api/v1/nodes", {"metadata": {"name": name, "labels": labels}})
        self.api.post(
            "/apis/storage.k8s.io/v1/storageclasses",
            {
                "metadata": {"name": STORAGE, "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
                "provisioner": "kubernetes.io/no-provisioner",
                "volumeBindingMode": "WaitForFirstConsumer",
                "allowVolumeExpansion": True,
            },
        )
        self.api.until("/api/v1/nodes", lambda nodes: len(nodes) == len(NODES) and all(map(_up, nodes)))
        self.api.until("/api/v1/namespaces/default/serviceaccounts", bool)

    def offer_volumes(self, size: str, count: int) -> None:
        """Volumes for claims to be bound to: nobody here makes them when they are asked for."""
        for _ in range(count):
            self._volumes += 1
            spec = {
                "capacity": {"storage": size},
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": STORAGE,
                "persistentVolumeReclaimPolicy": "Retain",
                "hostPath": {"path": f"/nowhere/{self._volumes}"},
            }
            self.api.post("/api/v1/persistentvolumes", {"metadata": {"name": f"volume-{self._volumes}"}, "spec": spec})

    def _run(self, name: str, *arguments: str) -> None:
        environment = os.environ | {"KUBE_FEATURE_WatchListClient": "false"}
        with (self._directory / f"{name}.log").open("wb") as log:
            self._running.append(
                subprocess.Popen(
                    [self._programs[name], *arguments],
                    stdout=log,
                    stderr=log,
                    cwd=self._directory,
                    env=environment,
                    preexec_fn=dies_with_parent(),  # noqa: PLW1509 - no threads are started between
                )
            )

    def _ready(self) -> bool:
        if dead := [one for one in self._running if one.poll() is not None]:
            raise AssertionError(f"{dead[0].args!r} ended; its log is in {self._directory}")
        try:
            return bool(self.api.get("/api/v1/namespaces/default"))
        except (ApiError, OSError):
            return False

    def helm(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        environment = os.environ | {"KUBECONFIG": str(self.kubeconfig), "HELM_CACHE_HOME": str(self._directory / "helm")}
        return subprocess.run(["helm", *arguments], env=environment, capture_output=True, text=True, check=False)


def _up(node: dict[str, object]) -> bool:
    status = node.get("status")
    return isinstance(status, dict) and any(each["type"] == "Ready" and each["status"] == "True" for each in status.get("conditions", []))
