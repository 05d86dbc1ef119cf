"""Runs the containers of a pod on this machine, as its specification says: what a kubelet does, as far as a pod of the chart can tell.

Volumes have the content of the real ConfigMap, Secret or claim, with the owner, group and mode that a kubelet gives them; they are mounted where the
container wants them, into a file system of its own that it cannot write to (`readOnlyRootFilesystem`). The process has the pod's user and group, no
capabilities, no way to gain any, and no environment but what the container's says. Init containers run first, one after the other.

Not as in a cluster: the network is this machine's, nothing is limited, the system's libraries and the relay are those of this
machine in place of an image's, and no filter of system calls is laid on by the runtime. Needs root, as a kubelet does.
"""

import base64
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.children import dies_with_parent
from tests.kubernetes.api import Api, ApiError, Thing
from tests.stack import ROOT

SYSTEM = ("/usr", "/etc/ssl", "/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/passwd", "/etc/group")
LINKS = ("/bin", "/sbin", "/lib", "/lib64")
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
HOME = "/var/lib/im-relay"
PACKAGES, SOURCE = "/opt/im-relay", "/opt/source"
"""Where a container has this environment, as the image has it, and this tree: their own places may lie where a volume is mounted."""
ENTRYPOINT = (f"{PACKAGES}/bin/python", f"{PACKAGES}/bin/im-relay")
"""By its Python: the script names the one that lies here."""
LEAST = ("--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all")


class NotStartedError(Exception):
    """The pod waits, as a kubelet would keep it waiting; says for what."""


def can() -> bool:
    """Whether pods can be run here."""
    return os.geteuid() == 0 and all(map(shutil.which, ("unshare", "setpriv", "chroot", "mount")))


class Pod:
    """*directory* holds its volumes, and its claims across pods; *image* are variables that the image sets."""

    def __init__(self, api: Api, given: Thing, directory: Path, image: Mapping[str, str] | None = None) -> None:
        self._api, self._given, self._directory = api, given, directory
        self._space, self.name = given["metadata"]["namespace"], given["metadata"]["name"]
        self._root = directory / self.name / "root"
        self._image = {"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1", "PYTHONPATH": SOURCE} | dict(
            image or {}
        )
        self._identity = given["spec"]["securityContext"]

    def laid_out(self) -> dict[str, Path]:
        """Its volumes by their names. Raises NotStartedError."""
        found = {}
        for volume in self._given["spec"].get("volumes", []):
            name = volume["name"]
            path = self._directory / self.name / "volumes" / name
            if "configMap" in volume:
                data = self._content("configmaps", volume["configMap"]["name"], optional=False)
                self._files(path, {key: text.encode() for key, text in data.items()}, 0o644)
            elif "secret" in volume:
                about = volume["secret"]
                data = self._content("secrets", about["secretName"], optional=about.get("optional", False))
                items = {item["key"]: item["path"] for item in about.get("items", [])}
                if (lost := set(items) - set(data)) and not about.get("optional", False):
                    raise NotStartedError(f"volume {name}: the Secret has no {sorted(lost)}")
                self._files(path, {at: base64.b64decode(data[key]) for key, at in items.items() if key in data}, about["defaultMode"])
            elif "emptyDir" in volume:
                self._shared(path)
            elif "persistentVolumeClaim" in volume:
                path = self._directory / "claims" / volume["persistentVolumeClaim"]["claimName"]
                self._shared(path)
            else:
                raise AssertionError(f"a volume of a sort that the chart has none of: {volume}")
            found[name] = path
        return found

    def start(self, container: Mapping[str, Any], log: Path) -> "subprocess.Popen[bytes]":
        """Its process, which ends with this one. Raises NotStartedError."""
        script = self._directory / self.name / f"{container['name']}.sh"
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(self._script(container, self.laid_out()), encoding="utf-8")
        with log.open("ab") as out:
            return subprocess.Popen(
                ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private", "sh", "-e", str(script)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                preexec_fn=dies_with_parent(),  # noqa: PLW1509 - what runs between is no Python
            )

    def stop(self, process: "subprocess.Popen[bytes]", patience: float) -> int:
        """As a kubelet ends it: SIGTERM to the first process of the container; its exit code. Raises TimeoutExpired."""
        (first,) = _children(process.pid)
        os.kill(first, signal.SIGTERM)
        return process.wait(patience)

    def kill(self, process: "subprocess.Popen[bytes]") -> None:
        """At once; afterwards nothing of the container runs, or listens, any more."""
        if process.poll() is None:
            first = _children(process.pid)
            for each in first or [process.pid]:
                with suppress(ProcessLookupError):
                    os.kill(each, signal.SIGKILL)
            process.wait(20)

    def _script(self, container: Mapping[str, Any], volumes: Mapping[str, Path]) -> str:
        guard = container["securityContext"]
        assert guard["readOnlyRootFilesystem"]
        assert guard["capabilities"] == {"drop": ["ALL"]}
        assert not guard["allowPrivilegeEscalation"]
        root = self._root
        lines = [f"mkdir -p {root}", f"mount -t tmpfs -o mode=755 tmpfs {root}"]
        image = {path: Path(path) for path in (*SYSTEM, sys.base_prefix)} | {PACKAGES: Path(sys.prefix), SOURCE: ROOT}
        for path, source in image.items():
            if source.exists():
                lines += self._bound(path, source, writable=False)
        lines += [f"ln -s {shlex.quote(str(Path(path).readlink()))} {root}{path}" for path in LINKS if Path(path).is_symlink()]
        lines += [f"mkdir -p {root}/dev {root}/proc {root}{HOME}", f"mount -t proc proc {root}/proc"]
        lines += [line for device in DEVICES for line in (f"touch {root}{device}", f"mount --bind {device} {root}{device}")]
        for mount in container["volumeMounts"]:
            lines += self._bound(mount["mountPath"], volumes[mount["name"]], writable=not mount.get("readOnly", False))
        lines += [f"mount -o remount,ro {root}"]
        user, group = self._identity["runAsUser"], self._identity["runAsGroup"]
        words = ["chroot", str(root), "setpriv", f"--reuid={user}", f"--regid={group}", f"--groups={self._identity['fsGroup']}", *LEAST]
        words += ["env", "-i", f"--chdir={HOME}", *(f"{name}={value}" for name, value in self._environment(container).items())]
        assert "command" not in container, "the image's own"
        return "\n".join([*lines, f"exec {shlex.join([*words, *ENTRYPOINT, *container['args']])}"]) + "\n"

    def _bound(self, at: str, source: Path, *, writable: bool) -> list[str]:
        inner, outer = shlex.quote(f"{self._root}{at}"), shlex.quote(str(source))
        make = f"mkdir -p {inner}" if source.is_dir() else f"mkdir -p $(dirname {inner}) && touch {inner}"
        return [make, f"mount --bind {outer} {inner}"] + ([] if writable else [f"mount -o remount,bind,ro {inner}"])

    def _environment(self, container: Mapping[str, Any]) -> dict[str, str]:
        found = dict(self._image)
        for each in container.get("env", []):
            if "value" in each:
                found[each["name"]] = each["value"]
            elif each["valueFrom"] == {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}:
                found[each["name"]] = self.name
            else:
                raise AssertionError(f"a variable of a sort that the chart has none of: {each}")
        assert "envFrom" not in container
        return found

    def _content(self, kind: str, name: str, *, optional: bool) -> dict[str, str]:
        try:
            return dict(self._api.get(f"/api/v1/namespaces/{self._space}/{kind}/{name}").get("data", {}))
        except ApiError as error:
            if error.code != 404 or not optional:
                raise NotStartedError(f"there is no {kind} {name}") from None
            return {}

    def _files(self, path: Path, content: Mapping[str, bytes], mode: int) -> None:
        path.mkdir(parents=True, exist_ok=True)
        for name, data in content.items():
            (path / name).write_bytes(data)
            os.chown(path / name, 0, self._identity["fsGroup"])
            (path / name).chmod(mode)

    def _shared(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        os.chown(path, 0, self._identity["fsGroup"])
        path.chmod(0o2777)


def _children(number: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{number}/task/{number}/children").read_text().split()]
