"""Full, forbidden, locked, failing and damaged are told apart, on real disks and real files; and each ends as it is said to."""

import errno
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.observe.metric_types import REGISTRY
from streams.settings.root import SettingsError
from streams.state import damage, disk
from streams.state.database import DEFAULT, Database
from streams.state.errors import DamagedError, StateError
from streams.state.own_directory import own_directory
from streams.state.rows import RowFamily
from streams.state.store import Store
from streams.state.watched import DiskMonitor
from tests.stack import ROOT

DAY = 86_400_000
NOW = 1_790_000_000_000
FAMILIES = (RowFamily("known", 10 * DAY, 2 * DAY, counted=True), RowFamily("index", 4 * DAY, DAY, unique=True))


def opened(path: Path) -> Store:
    return Store(path, FAMILIES, lambda key, there, comes: max(there, comes), stage="disk")


def remade() -> float:
    return REGISTRY.get_sample_value("im_relay_state_rebuilt_total", {"stage": "disk", "why": "damaged"}) or 0.0


def filled(path: Path) -> None:
    store = opened(path)
    store.put([("known", b"%06d" % n, os.urandom(100)) for n in range(5000)], NOW)
    store.put([("index", b"i%06d" % n, os.urandom(100)) for n in range(5000)], NOW)
    store.compact()
    store.close()


def spoil(path: Path) -> None:
    """A byte amid the rows of each large file: RocksDB says of it "block checksum mismatch", in which there is "lock"."""
    tables = sorted(table for table in path.glob("*.sst") if table.stat().st_size > 100_000)
    assert tables
    for table in tables:
        raw = bytearray(table.read_bytes())
        raw[len(raw) // 3] ^= 0xFF
        table.write_bytes(raw)


def elsewhere(program: str, *arguments: str, before: str = "") -> str:
    """What *program* prints in a process of its own; *before* is a line of the shell."""
    command = [sys.executable, "-c", program, *arguments]
    if before:
        command = ["unshare", "--map-root-user", "--mount", "sh", "-c", f'{before} && exec "$@"', "sh", *command]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def namespaces() -> bool:
    made = (
        subprocess.run(["unshare", "--map-root-user", "--mount", "sh", "-c", "mount -t tmpfs none /mnt"], capture_output=True, check=False)
        if shutil.which("unshare")
        else None
    )
    return made is not None and made.returncode == 0


OWN_DISK = pytest.mark.skipif(not namespaces(), reason="this machine lets nobody mount a disk of his own")


FULL = """
import os, sys
from pathlib import Path
from streams.state import disk
from streams.state.errors import DamagedError, StateError
from tests.state.test_disk import filled, opened, remade
path = Path(sys.argv[1]) / "rows"
filled(path)
before = sorted(one.name for one in path.glob("*.sst"))
ballast = Path(sys.argv[1]) / "ballast"
disk.SPARE = 0 if sys.argv[2] == "writing" else disk.SPARE
store = opened(path) if sys.argv[2] == "writing" else None
with ballast.open("wb", buffering=0) as file:
    try:
        while True:
            file.write(bytes(1 << 20))
    except OSError:
        pass
try:
    if store is None:
        store = opened(path)
    else:
        for number in range(100000):
            store.put([("known", b"more%d" % number, os.urandom(1000))], 1_790_000_000_000)
    print("no error")
except StateError as error:
    print(type(error).__name__, error.kind, error)
if store is not None:
    store.close()
ballast.unlink()
assert set(before) <= {one.name for one in path.glob("*.sst")}, "good state was deleted"
store = opened(path)
print(all(store.get("known", b"%06d" % n) for n in range(5000)), remade())
store.close()
"""


@OWN_DISK
@pytest.mark.parametrize("when", ["opening", "writing"])
def test_a_disk_that_is_full_is_said_to_be_and_nothing_is_deleted(when: str) -> None:
    said = elsewhere(FULL, "/mnt", when, before="mount -t tmpfs -o size=100m none /mnt")
    first, *_, last = said.splitlines()
    assert first.startswith("StateError full /mnt: "), said
    assert "make room, or a larger disk" in first
    assert last == "True 0.0", said


READ_ONLY = """
import subprocess, sys
from pathlib import Path
from streams.state.errors import StateError
from tests.state.test_disk import filled, opened, remade
path = Path("/mnt/rows")
filled(path)
subprocess.run(["mount", "-o", "remount,ro", "/mnt"], check=True)
try:
    opened(path)
    print("no error")
except StateError as error:
    print(type(error).__name__, error.kind, error)
subprocess.run(["mount", "-o", "remount,rw", "/mnt"], check=True)
store = opened(path)
print(bool(store.get("known", b"000001")), remade())
store.close()
"""


@OWN_DISK
def test_a_disk_that_is_mounted_read_only_is_forbidden() -> None:
    first, last = elsewhere(READ_ONLY, before="mount -t tmpfs -o size=200m none /mnt").splitlines()[-2:]
    assert first.startswith("StateError forbidden /mnt: Read-only file system (EROFS); the disk is mounted read-only: mount it so that"), (
        first
    )
    assert last == "True 0.0"


STRANGER = """
import os, sys
from pathlib import Path
from streams.state.errors import StateError
from tests.state.test_disk import opened
os.setresuid(65534, 65534, 65534)  # when all is imported: the interpreter itself may be out of a stranger's reach
try:
    opened(Path(sys.argv[1]))
    print("no error")
except StateError as error:
    print(type(error).__name__, error.kind, error)
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
@pytest.mark.parametrize("what", ["directory", "files"])
def test_what_belongs_to_somebody_else_is_forbidden(what: str) -> None:
    top = Path("/tmp") / f"im-relay-disk-{os.getpid()}-{what}"  # where everybody may look, which a fixture's directory is not
    try:
        top.mkdir(mode=0o755)
        filled(top / "rows")
        if what == "files":
            top.chmod(0o777)
            (top / "rows").chmod(0o777)
            for file in (top / "rows").iterdir():
                file.chmod(0o600)
        said = elsewhere(STRANGER, str(top / "rows"))
        assert said.startswith(f"StateError forbidden {top}"), said
        assert "Permission denied (EACCES); this user (uid 65534) may not: give it the directory and what is in it" in said
        store = opened(top / "rows")
        assert store.get("known", b"000001")
        store.close()
    finally:
        shutil.rmtree(top, ignore_errors=True)


def test_a_store_that_another_process_has_open_is_locked_and_says_by_which(tmp_path: Path) -> None:
    filled(tmp_path / "rows")
    program = "import sys\nfrom pathlib import Path\nfrom tests.state.test_disk import opened\nstore = opened(Path(sys.argv[1]))\nprint('open', flush=True)\nsys.stdin.read()\n"
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "rows")], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "open\n"
        with pytest.raises(StateError, match=rf"is in use by process {child.pid} \(\w+.*\): end that") as caught:
            opened(tmp_path / "rows")
        assert caught.value.kind == "locked"
    finally:
        child.communicate(timeout=30)
    store = opened(tmp_path / "rows")
    assert store.get("known", b"000001")
    assert remade() == 0
    store.close()


def test_a_process_without_file_handles_damages_nothing(tmp_path: Path) -> None:
    program = """
import resource, os, sys
from pathlib import Path
from streams.state.errors import StateError
from tests.state.test_disk import filled, opened, remade
path = Path(sys.argv[1])
filled(path)
resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) + 6, 4096))
try:
    opened(path)
except StateError as error:
    print(type(error).__name__, error.kind, error)
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
store = opened(path)
print(bool(store.get("known", b"000001")), remade())
"""
    first, last = elsewhere(program, str(tmp_path / "rows")).splitlines()[-2:]
    assert first.startswith("StateError failing "), first
    assert "Too many open files (EMFILE); this process has no file handles left: raise its limit (ulimit -n)" in first
    assert last == "True 0.0"


@pytest.mark.parametrize("how", ["get", "get_many", "scan"])
def test_damage_that_is_met_at_a_read_is_no_answer_and_is_mended_by_the_next_opening(tmp_path: Path, how: str) -> None:
    path = tmp_path / "rows"
    filled(path)
    spoil(path)
    before = remade()
    store = opened(path)
    assert remade() == before, "it opens well: only a read can see it"
    reads: dict[str, Callable[[], object]] = {
        "get": lambda: [store.get("known", b"%06d" % n) for n in range(5000)],
        "get_many": lambda: store.take([("known", b"%06d" % n, b"v") for n in range(5000)], NOW),
        "scan": lambda: list(store.scan("index", b"i")),
    }
    with pytest.raises(DamagedError) as caught:
        reads[how]()
    assert caught.value.kind == "damaged"
    store.close()
    store = opened(path)
    assert remade() == before + 1
    assert store.get("known", b"000001") is None
    store.put([("known", b"a", b"v")], NOW)
    store.close()
    store = opened(path)
    assert (remade(), store.get("known", b"a")) == (before + 1, b"v"), "once"
    store.close()


def test_what_is_damaged_again_soon_is_left_as_it_is_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also by a process that knows nothing of the first time: the note outlives it."""
    path = tmp_path / "rows"
    filled(path)
    (path / "CURRENT").write_bytes(b"lock\n")
    before = remade()
    opened(path).close()
    assert remade() == before + 1
    for _ in range(3):
        (path / "CURRENT").write_bytes(b"lock\n")
        with pytest.raises(
            StateError, match=r"was damaged, was made anew 0 minutes ago, and is damaged again \(.*\): it is left as it is"
        ) as caught:
            opened(path)
        assert (caught.value.kind, type(caught.value)) == ("damaged", StateError)
    assert remade() == before + 1
    assert (path / "CURRENT").exists()
    later = time.time() + damage.AGAIN + 1
    monkeypatch.setattr("time.time", lambda: later)
    opened(path).close()
    assert remade() == before + 2


def test_an_operator_who_removes_the_note_has_it_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    filled(path)
    for _ in range(2):
        (path / "CURRENT").write_bytes(b"x")
        (tmp_path / "rows.damaged").unlink(missing_ok=True)
        opened(path).close()


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.ENOSPC, "full", "the disk is full: make room, or a larger disk"),
        (errno.EDQUOT, "full", "the quota is used up"),
        (errno.EACCES, "forbidden", "this user"),
        (errno.EPERM, "forbidden", "this user"),
        (errno.EROFS, "forbidden", "mounted read-only"),
        (errno.EIO, "failing", "the disk does not work: look at the kernel's log"),
        (errno.EMFILE, "failing", "ulimit -n"),
        (errno.ESTALE, "failing", "look at the disk"),
    ],
)
def test_each_error_of_the_disk_has_its_kind_whatever_rocksdb_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: str, words: str
) -> None:
    path = tmp_path / "rows"
    filled(path)
    spoil(path)
    rows = Database(path)
    (name,) = [one for one in rows.names() if one.startswith("known")]

    def refuses(directory: Path) -> None:
        raise OSError(number, os.strerror(number), str(directory))

    monkeypatch.setattr(disk, "_write", refuses)
    with pytest.raises(StateError, match=words) as caught:
        list(rows.scan(name, b""))
    assert (caught.value.kind, type(caught.value)) == (kind, StateError), "a disk that refuses is no damage"
    assert errno.errorcode[number] in str(caught.value)
    assert not damage.noted(path).found
    rows.close()


def test_a_file_that_the_disk_cannot_give_back_is_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """EIO at a read, where the disk takes writes."""
    path = tmp_path / "rows"
    filled(path)
    rows = Database(path)
    monkeypatch.setattr(disk, "unreadable", lambda path, *, whole: OSError(errno.EIO, "Input/output error") if whole else None)
    fault = rows._fault(Exception("IO error: While pread offset 0 len 4096: /x.sst: Input/output error"))
    assert isinstance(fault, DamagedError)
    rows.close()


def test_an_error_without_a_code_deletes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    filled(path)
    rows = Database(path)
    for text in ("block checksum mismatch", "lock", "No space left on device", "Resource busy: x", "IO error: a word"):
        fault = rows._fault(Exception(text))
        assert (type(fault), fault.kind) == (StateError, "failing"), text
    assert not damage.noted(path).found
    rows.close()


def test_rows_can_be_taken_away(tmp_path: Path) -> None:
    rows = Database(tmp_path / "rows")
    rows.create("f")
    rows.write([(DEFAULT, b"a", b"1"), ("f", b"a", b"1"), (DEFAULT, b"b", b"2")])
    rows.write([(DEFAULT, b"a", None), ("f", b"a", None)])
    assert [rows.get(DEFAULT, b"a"), rows.get("f", b"a"), rows.get(DEFAULT, b"b")] == [None, None, b"2"]
    assert list(rows.scan(DEFAULT, b"")) == [(b"b", b"2")]
    rows.close()


def test_a_directory_that_cannot_be_made_is_one_line_with_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError) as caught:
        own_directory(tmp_path / "file" / "state", "deliver.p")
    assert str(caught.value) == (
        f"deliver.state is {tmp_path}/file/state; {tmp_path}/file/state/deliver.p-0: Not a directory (ENOTDIR); a part of that path is a file: "
        "name another directory"
    )


def test_a_second_worker_takes_the_next_directory(tmp_path: Path) -> None:
    assert [own_directory(tmp_path, "w").name for _ in range(3)] == ["w-0", "w-1", "w-2"]
    assert (tmp_path / "w-0" / "lock").read_text().startswith(f"{os.getpid()} on ")


def test_size_room_and_growth_are_told(tmp_path: Path) -> None:
    seen = DiskMonitor({"ledger": tmp_path, "media": tmp_path / "nowhere"})
    (tmp_path / "a").write_bytes(os.urandom(1 << 20))
    seen.measure(0.0)
    (tmp_path / "b").write_bytes(os.urandom(2 << 20))
    seen.measure(1800.0)

    def gauge(name: str) -> float:
        found = REGISTRY.get_sample_value(f"im_relay_state_{name}", {"what": "ledger"})
        assert found is not None
        return found

    assert 3 << 20 <= gauge("bytes") <= 4 << 20
    assert 2 << 20 <= gauge("growth_bytes") <= 3 << 20
    assert 0 < gauge("free_bytes") <= gauge("disk_bytes")
    seen.measure(5401.0)
    assert gauge("growth_bytes") == 0, "of the last hour alone"
