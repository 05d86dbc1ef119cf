"""Commands print through `streams/cli/terminal.py` alone: there what strangers wrote is made harmless."""

import ast
from pathlib import Path

from tests.house.tree import modules, name

HERE = "streams/cli/terminal.py"
ALLOWED = {
    "streams/observe/log.py": {"sys.stderr"},  # where log lines go, each through `printable`
    # A process that reads a stranger's file, and the one that makes it, answer through the descriptors that they were handed.
    "streams/media/transcode/worker.py": {"os.write"},
    "streams/media/transcode/zygote.py": {"os.write"},
}
CALLS = {"print", "input", "breakpoint"}
ATTRIBUTES = {
    ("sys", "stdout"),
    ("sys", "stderr"),
    ("sys", "__stdout__"),
    ("sys", "__stderr__"),
    ("typer", "echo"),
    ("typer", "secho"),
    ("typer", "confirm"),
    ("typer", "prompt"),
    ("typer", "progressbar"),
    ("traceback", "print_exc"),
    ("traceback", "print_exception"),
    ("os", "write"),
    ("os", "writev"),
    ("getpass", "getpass"),
}
MODULES = {"rich", "click", "curses"}


def prints(path: Path, source: str | None = None) -> list[str]:
    """What in *path* could reach a terminal."""
    found = []
    for node in ast.walk(ast.parse(path.read_text() if source is None else source)):
        match node:
            case ast.Call(func=ast.Name(id=called)) if called in CALLS:
                found.append(called)
            case ast.Attribute(value=ast.Name(id=of), attr=attr) if (of, attr) in ATTRIBUTES:
                found.append(f"{of}.{attr}")
            case ast.Import(names=names):
                found += [one.name for one in names if one.name.partition(".")[0] in MODULES]
            case ast.ImportFrom(module=str() as module, names=names):
                if module.partition(".")[0] in MODULES:
                    found.append(module)
                found += [f"{module}.{one.name}" for one in names if (module, one.name) in ATTRIBUTES]
            case _:
                pass
    return found


def test_nothing_else_prints() -> None:
    found = {}
    for path in modules("streams"):
        if name(path) != HERE and (seen := set(prints(path)) - ALLOWED.get(name(path), set())):
            found[name(path)] = seen
    assert not found, f"say it with {HERE}"


def test_what_prints_would_be_noticed() -> None:
    source = "import rich.console\nfrom typer import echo\nimport sys, typer\nprint(1)\nsys.stdout.write('')\ntyper.secho('x')\n"
    assert set(prints(Path("x.py"), source)) == {"rich.console", "typer.echo", "print", "sys.stdout", "typer.secho"}


def test_it_is_one_that_prints() -> None:
    assert set(prints(next(path for path in modules("streams") if name(path) == HERE))) >= {"sys.stdout", "sys.stderr", "typer.confirm"}
