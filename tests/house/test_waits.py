"""What a role that runs says and counts is waited for: it is seen elsewhere a moment before."""

import ast
from collections.abc import Iterator

from tests.house.tree import modules, name


def of_a_role(node: ast.AST, names: set[str]) -> bool:
    """Whether *node* reads a role's log or metrics, or one of *names*."""
    for one in ast.walk(node):
        match one:
            case ast.Call(func=ast.Attribute(attr="metrics" | "tail"), args=[]):
                return True
            case ast.Call(func=ast.Attribute(attr="read_text", value=ast.Attribute(attr="log"))):
                return True
            case ast.Name(id=word) if word in names:
                return True
    return False


def hasty(tree: ast.Module) -> Iterator[int]:
    """Lines of assertions that something stands already in what a role says or counts."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        names: set[str] = set()
        for node in ast.walk(function):
            match node:
                case ast.Assign(targets=[ast.Name(id=word)], value=value) if of_a_role(value, set()):
                    names.add(word)
        for node in ast.walk(function):
            match node:
                case ast.Assert(test=ast.Compare(ops=[ast.In()], comparators=[where])) if of_a_role(where, names):
                    yield node.lineno


def test_no_test_takes_it_for_said_already() -> None:
    found = [f"{name(path)}:{line}" for path in modules("tests") for line in hasty(ast.parse(path.read_text()))]
    assert not found, f"Role.says and Role.counts of tests/stack.py wait: {found}"


def test_such_an_assertion_is_found_in_each_form() -> None:
    forms = (
        "assert 'x' in role.metrics()",
        "assert 'x' in stack.roles['media'].log.read_text()",
        "log = role.tail()\n    assert 'x' in log",
        "shown = role.log.read_text() + role.metrics()\n    assert 'x' in shown",
    )
    for form in forms:
        found = list(hasty(ast.parse(f"def test() -> None:\n    {form}\n")))
        assert len(found) == 1, form
    assert not list(hasty(ast.parse("def test() -> None:\n    assert 'x' not in role.metrics()\n    role.says('x')\n")))
