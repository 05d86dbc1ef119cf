"""What is imported is declared, what is declared is used, and the lock files hold it."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.house.tree import ROOT, modules, name

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
# Each of its own environment: what its programs import is not ours.
PEERS = {
    Requirement(line).name for line in (ROOT / "requirements" / "peers.in").read_text().splitlines() if line and not line.startswith("#")
}
DRIVERS = {"rongcloud": "tests/sdks/drivers/"}
"""Packages of the vendors' SDKs, which run in environments of their own, and where alone they are imported."""
LOCKS = {
    "runtime": PROJECT["dependencies"],
    "msk": [*PROJECT["dependencies"], *EXTRAS["msk"]],
    "postgresql": [*PROJECT["dependencies"], *EXTRAS["postgresql"]],
    "tracing": [*PROJECT["dependencies"], *EXTRAS["tracing"]],
    "dev": [*PROJECT["dependencies"], *EXTRAS["local"], *EXTRAS["dev"]],
}

# Used without an import of ours.
UNSEEN = {"coverage", "httptools", "import-linter", "mypy", "pytest-asyncio", "pytest-xdist", "ruff"}


def _normal(package: str) -> str:
    return re.sub("[-_.]+", "-", package).lower()


def _names(requirements: list[str]) -> set[str]:
    return {_normal(Requirement(one).name) for one in requirements}


def _imported(*packages: str) -> dict[str, str]:
    """Distributions by where they are imported; ours and the standard library's left out."""
    known = packages_distributions()
    found: dict[str, str] = {}
    for path in modules(*packages):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                imported = [node.module or ""]
            else:
                continue
            for whole, module in {(one, one.partition(".")[0]) for one in imported}:
                if module not in sys.stdlib_module_names and module not in {"converters", "streams", "tests", "deploy"}:
                    found[_distribution(whole, known.get(module, [module]))] = name(path)
    return found


def _distribution(module: str, distributions: list[str]) -> str:
    """Of those that share a name space, the one that is called as the *module* begins."""
    names, wanted = [_normal(one) for one in distributions], f"{_normal(module)}-"
    return max(
        (one for one in names if wanted.startswith(f"{one}-")),
        key=len,
        default="opentelemetry-api" if module.startswith("opentelemetry.") else names[0],
    )


def test_what_the_relay_imports_is_declared() -> None:
    declared = _names(PROJECT["dependencies"])
    missing = {package: where for package, where in _imported("converters", "streams").items() if package not in declared}
    optional = (
        _names(EXTRAS["local"])
        | _names(EXTRAS["msk"])
        | _names(EXTRAS["postgresql"])
        | _names(EXTRAS["tracing"])
        | {"aws-msk-iam-sasl-signer"}
    )  # as it is imported, where it is not installed
    assert not {package: where for package, where in missing.items() if package not in optional}
    assert all(
        where.startswith(("streams/kafka/", "streams/migrate/sql.py", "streams/observe/spans.py", "streams/observe/tracing.py"))
        for where in missing.values()
    ), "the extras are for the local node, Kafka of AWS, databases that are migrated, and traces"


def test_what_the_tests_import_is_declared() -> None:
    declared = _names(LOCKS["dev"])
    missing = {package: where for package, where in _imported("tests", "deploy").items() if package not in declared}
    assert set(missing) <= PEERS | DRIVERS.keys()
    assert all(where.startswith(DRIVERS.get(package, "tests/benchmarks/")) for package, where in missing.items()), (
        "peers are for the benchmarks"
    )


def test_what_is_declared_is_used() -> None:
    unused = _names(LOCKS["dev"]) - _imported("converters", "streams", "tests", "deploy").keys() - UNSEEN
    assert not unused


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_files_hold_what_is_declared(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.lock").read_text()
    pinned: dict[str, list[Version]] = {}
    for package, version in re.findall(r"^([\w.-]+)==([\w.+!-]+)", text, re.MULTILINE):
        pinned.setdefault(_normal(package), []).append(Version(version))
    wanted = [Requirement(one) for one in LOCKS[lock]]
    for one in wanted:
        versions = pinned.get(_normal(one.name), [])
        assert versions, f"{one.name} is not in requirements/{lock}.lock: make lock"
        assert all(one.specifier.contains(version) for version in versions), f"{one}: pinned is {versions}; make lock"
    assert text.count("--hash=sha256:") >= len(pinned)


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_files_name_no_address(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.lock").read_text()
    assert not re.findall(r"\w+://\S+|--(?:extra-)?index-url \S+|--find-links \S+", text)
