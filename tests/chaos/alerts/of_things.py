"""Faults of what the relay rests on: certificates, disks, local state, the virus scanner."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from subprocess import run

from tests.attachments import picture
from tests.chaos.alerts.fault import Fault, fires
from tests.chaos.alerts.scene import Disks, Scene

PICTURES = tuple(picture(number).media() for number in range(8))
SIZES = {"state": "256m", "files": "500m"}
ROOM = "2g"
"""What a disk is enlarged to."""


def mounted(directory: Path) -> Disks | None:
    """None where we may not mount."""
    disks = Disks(directory / "disk-state", directory / "disk-files")
    for disk, size in zip(disks, SIZES.values(), strict=True):
        disk.mkdir(parents=True)
        done = run(["mount", "-t", "tmpfs", "-o", f"size={size}", "made-up", str(disk)], capture_output=True, check=False)
        if done.returncode:
            unmount(disks)
            return None
    return disks


def unmount(disks: Disks) -> None:
    for disk in disks:
        run(["umount", "--lazy", str(disk)], capture_output=True, check=False)


def faults(scene: Scene) -> list[Fault]:
    source = scene.platforms[0]

    def damaged() -> None:
        role = scene.roles[f"deliver-{source}"]
        role.stop()
        state = scene.directory / "state"
        found = [one for one in state.rglob("CURRENT") if f"deliver.{source}" in str(one)]
        assert found, f"no local state of {source} in {state}"
        for one in found[:1]:
            one.write_text("nothing that was written by a database\n")
        role.start()

    said = iter(range(10**9))

    def pictures() -> None:
        number = next(said)
        if not number % 3:
            with suppress(ValueError):
                scene.source.send("alice", "bob", PICTURES[number // 3 % len(PICTURES)], type="person")

    made = [
        certificate(scene, "soon", 2, "ImRelayCertificateExpiresSoon"),
        certificate(scene, "later", 10, "ImRelayCertificateExpires"),
        certificate(scene, "unseen", 0, "ImRelayCertificateUnseen"),
        Fault(
            "state-damaged",
            "a file of the local state is overwritten while its role is down",
            (fires("ImRelayStateRemade", stage="deliver", why="damaged"),),
            damaged,
            beside=(fires("ImRelaySloBurnsFast"),),
        ),
        Fault(
            "scanner",
            "the virus scanner is away",
            (fires("ImRelayScannerAway"), fires("ImRelayCanaryChanged", kind="picture"), fires("ImRelayMediaFailing")),
            scene.scanner.stop,
            scene.scanner.start,
            pictures,
            beside=(fires("ImRelayMediaFailing"), fires("ImRelayCanaryChanged")),
        ),
    ]
    return made + (of_disks(scene, scene.disks, scene.platforms[1]) if scene.disks is not None else [])


def certificate(scene: Scene, name: str, days: int, alert: str) -> Fault:
    endpoint = scene.endpoints[name]
    what = f"an endpoint serves a certificate of {days} days" if days else "an endpoint speaks no TLS any more"
    return Fault(
        f"certificate-{name}", what, (fires(alert, name=endpoint.address),), lambda: endpoint.serve(days), lambda: endpoint.serve(365)
    )


def of_disks(scene: Scene, disks: Disks, target: str) -> list[Fault]:
    return [
        Fault(
            "disk-fills",
            "the disk of local state has a tenth left",
            (fires("ImRelayDiskFills", role=f"deliver-{target}"),),
            lambda: fill(disks.state, 0.1),
            lambda: (disks.state / "filler").unlink(missing_ok=True),
        ),
        Fault("files-low", "the store of files has 500 MB", (fires("ImRelayFilesDiskLow"),), end=larger(disks.files)),
        Fault(
            "disk-full",
            "the disk of local state is full to the last byte",
            (fires("ImRelayDiskRefuses", role=f"deliver-{target}", kind="full"),),
            lambda: fill(disks.state, 0.0),
            lambda: (disks.state / "filler").unlink(missing_ok=True),
            lambda: scene.source.say("alice", "bob", "x" * 2000, type="person"),
            after=("disk-fills", "cut-off", "source-errs"),
            beside=(
                fires("ImRelayNotDelivered"),
                fires("ImRelayCanaryLost"),
                fires("ImRelaySloBurnsFast"),
                fires("ImRelayPartitionStuck"),
                fires("ImRelayDiskFills"),
            ),
        ),
    ]


def larger(disk: Path) -> Callable[[], object]:
    return lambda: run(["mount", "-o", f"remount,size={ROOM}", str(disk)], check=True)


def fill(disk: Path, left: float) -> None:
    """Until *left* of the whole is free."""
    with suppress(OSError), (disk / "filler").open("ab", buffering=0) as file:  # there is no room any more
        while True:
            seen = os.statvfs(disk)
            spare = int((seen.f_bavail - seen.f_blocks * left) * seen.f_frsize)
            if spare <= 0:
                return
            file.write(b"x" * min(spare, 1 << 24))
