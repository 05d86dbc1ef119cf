"""Runs the tests of one module for each mutant of it, in a process of its own each.

`python -m tests.mutation.server MODULE TEST…` in a copy of the tree, which it changes; prints one JSON object a line.

A mutant within a function is put into a process that is forked once pytest has collected the tests: its code takes the place of the
function's. One that takes effect when its module is imported is written down, and pytest starts anew; what does not depend on the module
is imported already. A test runs if it comes by the mutant's statement; what has found others is asked first.
"""

import gc
import importlib
import json
import os
import resource
import signal
import subprocess
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import _lru_cache_wrapper, partial
from pathlib import Path
from select import select
from time import monotonic
from types import CodeType, FrameType, FunctionType
from typing import Any

import pytest
from hypothesis import settings

from tests.mutation.imports import independent
from tests.mutation.mutants import Mutant, mutants

_PATIENCE, _FACTOR = 120, 30
"""Seconds, and how often the time of the unchanged module, after which a mutant counts as one that does not end."""
_OPTIONS = ("-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--strict-markers")


class Run:
    """What is known of the tests of the unchanged module, and what they have found."""

    def __init__(self) -> None:
        self.found: Counter[str] = Counter()
        self.durations: dict[str, float] = {}
        self.lines: dict[str, set[int]] = {}
        self.seconds = 0.0
        self.cpu = 0.0

    def order(self, items: list[pytest.Item], mutant: Mutant | None = None) -> list[pytest.Item]:
        """What may find *mutant*: what has found most goes first, then what is quick."""
        wanted = items if mutant is None else [item for item in items if self.lines.get(item.nodeid, set()).intersection(mutant.lines)]
        return sorted(wanted, key=lambda item: (-self.found[item.nodeid], self.durations.get(item.nodeid, 0.0)))


class _Reports:
    def __init__(self) -> None:
        self.failed = ""
        self.durations: dict[str, float] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed = self.failed or report.nodeid
        elif report.when == "call":
            self.durations[report.nodeid] = report.duration


class _Anew:
    """A plugin of pytest: the same examples each time, or a mutant would be found by luck."""

    def __init__(self, run: Run) -> None:
        self._run = run

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self) -> None:
        settings.register_profile("mutation", settings(), derandomize=True, database=None)
        settings.load_profile("mutation")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = self._run.order(items)


class _Loop(_Anew):
    """Instead of running the tests once, runs them for the module as it is, and then for each mutant."""

    def __init__(self, run: Run, path: Path, chosen: list[Mutant], say: Callable[[Mutant, str], None]) -> None:
        super().__init__(run)
        self._path, self._mutants, self._say = path.resolve(), chosen, say
        self.reports = _Reports()
        self._caches: list[_lru_cache_wrapper[Any]] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        functions: dict[tuple[str, int], list[FunctionType]] = defaultdict(list)
        gc.unfreeze()  # or what was there when all was collected is not told
        gc.collect()
        for one in gc.get_objects():
            if isinstance(one, FunctionType) and one.__code__.co_filename == str(self._path):
                functions[one.__code__.co_qualname, one.__code__.co_firstlineno].append(one)
            elif isinstance(one, _lru_cache_wrapper) and str(getattr(one, "__module__", "")).startswith(("converters", "streams")):
                self._caches.append(one)
        gc.freeze()
        began, cpu = monotonic(), _cpu()
        first = forked(lambda: self._baseline(session), 900)
        self._run.seconds, self._run.cpu = monotonic() - began, _cpu() - cpu
        if first is None or first["failed"]:
            raise pytest.UsageError(f"the tests fail as they stand: {first}")
        self._run.durations = first["durations"]
        self._run.lines = {name: set(lines) for name, lines in first["lines"].items()}
        for mutant in self._mutants:
            items = self._run.order(session.items, mutant)
            if not items:
                self._say(mutant, "")
                continue
            said = forked(partial(self._mutated, session, functions, mutant, items), *limits(self._run))
            self._say(mutant, _finding(said, self._run))
        return True

    def _baseline(self, session: pytest.Session) -> dict[str, Any]:
        lines: dict[str, set[int]] = {}
        path = str(self._path)
        for number, item in enumerate(session.items):
            seen = lines[item.nodeid] = set()

            def within(frame: FrameType, event: str, _: object, seen: set[int] = seen) -> Any:
                if event == "line":
                    seen.add(frame.f_lineno)
                return within

            def entered(frame: FrameType, event: str, _: object, seen: set[int] = seen, within: Any = within) -> Any:
                if frame.f_code.co_filename != path:
                    return None
                seen.add(frame.f_lineno)
                return within

            threading.settrace(entered)
            sys.settrace(entered)
            try:
                failed = self._one(session, item, session.items[number + 1] if number + 1 < len(session.items) else None)
            finally:
                sys.settrace(None)
                threading.settrace(None)
            if failed:
                return {"failed": failed}
        return {"failed": "", "durations": self.reports.durations, "lines": {name: sorted(seen) for name, seen in lines.items()}}

    def _mutated(
        self, session: pytest.Session, functions: dict[tuple[str, int], list[FunctionType]], mutant: Mutant, items: list[pytest.Item]
    ) -> dict[str, Any]:
        for code in _codes(compile(mutant.source, str(self._path), "exec")):
            if code.co_qualname == mutant.function and code.co_firstlineno <= mutant.line:
                for function in functions.get((code.co_qualname, code.co_firstlineno), ()):
                    function.__code__ = code
        for number, item in enumerate(items):
            if failed := self._one(session, item, items[number + 1] if number + 1 < len(items) else None):
                return {"failed": failed}
        return {"failed": ""}

    def _one(self, session: pytest.Session, item: pytest.Item, following: pytest.Item | None) -> str:
        """The test that has failed, if one has. What an earlier test has left in a cache of ours, this one computes itself."""
        for cache in self._caches:
            cache.cache_clear()
        session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        return self.reports.failed


def _codes(code: CodeType) -> Iterator[CodeType]:
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield one
            yield from _codes(one)


def _finding(said: dict[str, Any] | None, run: Run) -> str:
    if said is None:
        return "does not end"
    if said["failed"]:
        run.found[said["failed"]] += 1
    return str(said["failed"])


def limits(run: Run) -> tuple[float, int]:
    """Seconds by the clock, and of CPU."""
    return _PATIENCE + _FACTOR * run.seconds, int(5 + 5 * run.cpu)


def _cpu() -> float:
    """Seconds of CPU of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def forked(work: Callable[[], dict[str, Any]], patience: float, cpu: int = 0, output: str = "mutant.out") -> dict[str, Any] | None:
    """What *work* says in a child; None where it does not end. What it prints is in *output*; *cpu* seconds are its limit, 0 is none."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.setsid()
        if cpu:
            resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 5))
        printed = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(printed, 1)
        os.dup2(printed, 2)
        said: dict[str, Any] = {"failed": "the tests themselves"}
        try:
            said = work()
        except BaseException as error:  # whatever it is, the mutant is found
            said = {"failed": f"the tests themselves: {error!r}"}
        finally:
            with os.fdopen(writing, "w") as pipe:
                json.dump(said, pipe)
            os._exit(0)
    os.close(writing)
    text, until = b"", monotonic() + patience
    with os.fdopen(reading, "rb", buffering=0) as pipe:
        while (left := until - monotonic()) > 0 and select([pipe], [], [], left)[0]:
            if not (more := pipe.read(65536)):
                break
            text += more
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return json.loads(text) if text else None


def _anew(run: Run, tests: tuple[str, ...]) -> dict[str, Any]:
    reports = _Reports()
    code = int(pytest.main(["-x", *_OPTIONS, *tests], plugins=[_Anew(run), reports]))
    return {"failed": reports.failed or ("" if code == 0 else "import")}


def _dotted(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".")


def _warm(module: str, tests: tuple[str, ...]) -> None:
    """Import what stays the same."""
    listing = (
        f"import importlib, json, sys\nfor one in {[_dotted(test) for test in tests]!r}: importlib.import_module(one)\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    loaded = subprocess.run([sys.executable, "-c", listing], check=True, capture_output=True, text=True).stdout
    for name in independent(json.loads(loaded.splitlines()[-1]), _dotted(module)):
        with suppress(ImportError, AttributeError):
            importlib.import_module(name)


def main(module: str, *tests: str) -> int:
    path, out = Path(module), os.fdopen(os.dup(1), "w", buffering=1)
    source, only = path.read_text(), os.environ.get("ONLY", "")
    known = Path(os.environ["KNOWN"]).read_text().splitlines()[1:] if "KNOWN" in os.environ else []
    done = {json.loads(line)["key"] for line in known}
    chosen = [mutant for mutant in mutants(source) if only in mutant.key and mutant.key not in done]
    _warm(module, tests)
    run = Run()

    def say(mutant: Mutant, by: str) -> None:
        print(json.dumps({"line": mutant.line, "key": mutant.key, "by": by}), file=out)

    def within_functions() -> dict[str, Any]:
        loop = _Loop(run, path, [mutant for mutant in chosen if mutant.function], say)
        code = int(pytest.main([*_OPTIONS, *tests], plugins=[loop, loop.reports]))
        return {"failed": code, "durations": run.durations, "found": run.found, "seconds": run.seconds, "cpu": run.cpu}

    first = forked(within_functions, 1e6, output="tests.out")
    if first is None or first["failed"]:
        print(json.dumps({"broken": Path("tests.out").read_text()[-3000:]}), file=out)
        return 1
    run.durations, run.found = first["durations"], Counter(first["found"])
    run.seconds, run.cpu = first["seconds"], first["cpu"]
    sys.dont_write_bytecode = True
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*"):
        compiled.unlink()
    for mutant in chosen:
        if not mutant.function:
            path.write_text(mutant.source)
            say(mutant, _finding(forked(lambda: _anew(run, tests), *limits(run)), run))
    path.write_text(source)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
