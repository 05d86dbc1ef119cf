"""What goes into the image."""

import re
import sys
from fnmatch import fnmatch

from tests.deploy.commands import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
KEPT = [line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")]


def copied() -> list[str]:
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    return [source for line in lines for source in line.split()]


def test_everything_copied_is_there_and_not_ignored() -> None:
    assert {"converters", "streams", "requirements/runtime.lock"} <= set(copied())
    for source in copied():
        assert (ROOT / source).exists(), source
        assert any(fnmatch(source, kept) for kept in KEPT), source


def test_nothing_else_is_sent_to_the_builder() -> None:
    assert "*" in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for kept in KEPT:
        assert any(fnmatch(source, kept) for source in copied()), kept


def test_the_bases_are_named_by_their_digests() -> None:
    stages = re.findall(r"^FROM (\S+) AS (\S+)$", DOCKERFILE, re.MULTILINE)
    ours = {name for _, name in stages}
    bases = {base for base, _ in stages if base not in ours}
    assert len(stages) == len(re.findall(r"^FROM", DOCKERFILE, re.MULTILINE))
    assert len(bases) == 1, "of one release in all stages"
    assert all(re.fullmatch(r"\S+:\S+@sha256:[0-9a-f]{64}", base) for base in bases)


def test_packages_are_installed_by_hash_or_are_ours() -> None:
    installs = re.findall(r"pip install (.+)", DOCKERFILE)
    assert len(installs) == 2
    assert all("--require-hashes" in each or each == "--no-deps ." for each in installs)


def test_the_simulators_need_nothing_that_the_relay_does_not() -> None:
    lock = (ROOT / "requirements/runtime.lock").read_text(encoding="utf-8")
    text = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests/simulators").rglob("*.py"))
    named = set(re.findall(r"^(?:from|import) (\w+)", text, re.MULTILINE)) - set(sys.stdlib_module_names) - {"tests"}
    assert {"starlette", "uvicorn"} <= named
    assert not [name for name in named if not re.search(rf"^{name}==", lock, re.MULTILINE)]


def test_both_images_end_as_a_user_who_is_not_root() -> None:
    for stage in ("demo", "runtime"):
        text = DOCKERFILE.split(f"FROM base AS {stage}\n")[1].split("\nFROM ")[0]
        assert re.findall(r"^USER (\d+):(\d+)$", text, re.MULTILINE) == [("10001", "10001")]
