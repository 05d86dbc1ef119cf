"""Which modules import which, read from the source."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

_OURS = ("converters", "streams", "tests", "deploy")


def independent(loaded: Iterable[str], changed: str) -> list[str]:
    """Of the modules *loaded*, those that are the same whatever is in *changed*. Modules of tests are not among them: pytest loads those."""
    graph = {name: set(_imported(name)) for name in loaded if name.partition(".")[0] in _OURS}
    touched, grows = {changed}, True
    while grows:
        more = {name for name, imports in graph.items() if imports & touched} - touched
        touched |= more
        grows = bool(more)
    return sorted(name for name in loaded if name not in touched and name.partition(".")[0] not in ("tests", "deploy", "__main__"))


def _imported(name: str) -> Iterator[str]:
    parts = name.split(".")
    yield from (".".join(parts[:count]) for count in range(1, len(parts)))
    path = Path(*parts)
    source = path.with_suffix(".py") if path.with_suffix(".py").exists() else path / "__init__.py"
    if not source.exists():
        return
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for one in names:
            pieces = one.split(".")
            yield from (".".join(pieces[:count]) for count in range(1, len(pieces) + 1))
