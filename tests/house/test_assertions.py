"""Each test can fail: it asserts something, itself or by a function of tests/ that it calls, and no assertion holds by its form alone."""

import ast
import gc
from collections import defaultdict
from collections.abc import Iterator
from functools import cache

from tests.house.tree import modules, name

RAISING = {"raises", "fail", "warns", "raise_for_status", "validate", "skip"}
"""Calls that end a test by themselves, or that see to it."""
CALLED = {
    *(
        "is_alive",
        "is_closed",
        "is_dir",
        "is_file",
        "is_set",
        "is_symlink",
        "isalnum",
        "isalpha",
        "isascii",
        "isdecimal",
        "isdigit",
        "isprintable",
    ),
    *("startswith", "endswith", "exists", "done", "cancelled", "items", "keys", "values", "issubset", "issuperset", "isdisjoint"),
}
"""Methods: on its own, and not called, each is true."""


@cache
def trees() -> dict[str, ast.Module]:
    found = {name(path): ast.parse(path.read_text()) for path in modules("tests")}
    gc.freeze()  # millions of nodes, which the collector before each test would look through
    return found


def asserts(node: ast.AST) -> bool:
    return any(
        isinstance(one, ast.Assert | ast.Raise)
        or (isinstance(one, ast.Call) and called(one) in RAISING)
        or (isinstance(one, ast.keyword) and one.arg == "check" and isinstance(one.value, ast.Constant) and one.value.value is True)
        for one in ast.walk(node)
    )


def called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=word) | ast.Attribute(attr=word):
            return word
    return ""


def uses(node: ast.AST) -> set[str]:
    """Names of what is called in *node*, or handed on, as a function to run in a loop is; classes by their name alone."""
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)} | {
        one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)
    }


@cache
def asserting() -> frozenset[str]:
    """Names of functions and classes of tests/ that assert, whoever it is that they leave it to."""
    functions: dict[str, list[ast.AST]] = defaultdict(list)
    for tree in trees().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("test_"):
                functions[node.name].append(node)
    found = {word for word, nodes in functions.items() if any(asserts(node) for node in nodes)}
    left = {word: set().union(*map(uses, nodes)) for word, nodes in functions.items() if word not in found}
    while more := {word for word, used in left.items() if used & found}:
        found |= more
        left = {word: used for word, used in left.items() if word not in more}
    return frozenset(found)


def each_test() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                yield f"{path}:{node.lineno}: {node.name}", node


def test_each_test_asserts_something() -> None:
    each = list(each_test())
    assert len(each) > 1000, "this does not look like the tests"
    assert [where for where, test in each if not asserts(test) and not uses(test) & asserting()] == []


def holds_by_its_form(test: ast.expr) -> bool:
    """Whether an assertion of *test* holds whatever the program does."""
    match test:
        case ast.Constant(value=value):
            return bool(value)
        case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
            return bool(elements)
        case ast.JoinedStr() | ast.GeneratorExp() | ast.Lambda():
            return True
        case ast.Attribute(attr=attribute):
            return attribute in CALLED
        case ast.BoolOp(op=ast.Or(), values=values):
            return any(map(holds_by_its_form, values))
        case ast.BoolOp(op=ast.And(), values=values):
            return all(map(holds_by_its_form, values))
        case ast.Compare(left=left, ops=[ast.Eq() | ast.Is() | ast.LtE() | ast.GtE()], comparators=[right]) if ast.dump(left) == ast.dump(
            right
        ):
            return not any(isinstance(one, ast.Call | ast.Await) for one in ast.walk(left))  # twice the same call is a test of it
        case ast.Compare(left=ast.Call(func=ast.Name(id="len")), ops=[ast.GtE()], comparators=[ast.Constant(value=0)]):
            return True
        case ast.Compare(left=left, ops=[ast.Is() | ast.IsNot()], comparators=[right]):
            # A number or a text is no object of its own: what it is compared with may be equal.
            return any(
                isinstance(one, ast.Constant) and isinstance(one.value, int | str) and not isinstance(one.value, bool)
                for one in (left, right)
            )
    return False


def test_what_holds_by_its_form_is_told_from_what_may_fail() -> None:
    def told(texts: str) -> list[str]:
        return [text for text in texts.split("; ") if holds_by_its_form(ast.parse(text, mode="eval").body)]

    always = "(a, 'why'); 'a'; f'{a}'; [a]; a == a; a.b is a.b; len(a) >= 0; a or True; (b for b in a); a.is_file; a.items; a is 'b'"
    assert told(always) == always.split("; ")
    assert told("a; a == b; a() == a(); len(a) > 0; a or b; not a; (); a.is_file(); a is True; []; a.is_success; a is None") == []


def test_no_assertion_holds_by_its_form() -> None:
    found = [
        f"{path}:{node.lineno}: {ast.unparse(node)}"
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert) and holds_by_its_form(node.test)
    ]
    assert found == []


def test_nothing_is_asserted_behind_what_has_to_raise() -> None:
    """In the same block, where it is not reached: the exception has left it."""
    found = []
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.With | ast.AsyncWith) or not any(
                isinstance(item.context_expr, ast.Call) and called(item.context_expr) == "raises" for item in node.items
            ):
                continue
            found += [f"{path}:{late.lineno}: {ast.unparse(late)}" for late in node.body[1:] if isinstance(late, ast.Assert)]
    assert found == []


def test_what_is_caught_in_a_test_is_looked_at() -> None:
    """`try: …; except X: pass` holds with and without the exception: `pytest.raises` says which of them is meant."""
    found = []
    for where, test in each_test():
        for node in ast.walk(test):
            if isinstance(node, ast.Try) and not node.orelse and not node.finalbody and not asserts(node):
                silent = [one for one in node.handlers if all(isinstance(each, ast.Pass) for each in one.body)]
                found += [f"{where}, line {one.lineno}" for one in silent]
    assert found == []
