"""Texts of the source that a person is shown, and that no catalogue can have: literals that are not given to `localized` or `translated`."""

import ast
import re
from collections.abc import Iterator

PRINTING = {"print_line", "print_notice", "print_styled", "confirm", "nothing"}
LOCALIZING = {"localized", "translated"}
WORDS = re.compile(r"[a-z]{2,} [a-z]{2,}|^[,;: ]+[a-z]{2,} ")
"""Two English words, or the rest of a sentence; a name or an option is none."""
WORD = re.compile(r"[a-z]{2,}")
"""One word, of a table's head; a unit is none."""


def unlocalized(source: str, errors: set[str], settings: bool) -> list[str]:
    """*errors*: names of the classes whose texts people read; in *settings*, of ValueError too."""
    tree = ast.parse(source)
    aliases = {each.asname: each.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for each in node.names if each.asname}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = aliases.get(node.id, node.id)
    found = [each for call in ast.walk(tree) if isinstance(call, ast.Call) for each in _of_call(call, errors, settings)]
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            found += _of_values(function)
    return sorted({f"line {node.lineno}: {_text(node)}" for node in found})


def _of_call(call: ast.Call, errors: set[str], settings: bool) -> Iterator[ast.expr]:
    name = _name(call.func)
    if not call.args:
        return
    if name in errors or name == "BadParameter" or (settings and name == "ValueError"):
        yield from (one for one in _ends(call.args[0]) if _text(one))
    if name in PRINTING:
        yield from (one for one in _ends(call.args[0]) if WORDS.search(_text(one)))
    if name == "print_table":
        heads = [_head(each) for each in call.args[0].elts] if isinstance(call.args[0], ast.List) else []
        cells = [cell for row in _elements(call.args[1:2]) for cell in _elements([row])]
        titles = [each.value for each in call.keywords if each.arg in ("title", "caption")]
        yield from (one for each in (*heads, *titles) for one in _ends(each) if WORD.search(_text(one)))
        yield from (one for each in cells for one in _ends(each) if WORDS.search(_text(one)))


def _of_values(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.expr]:
    """Parts of localized texts; those that a name of the function was given, too."""
    given: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            given.setdefault(node.targets[0].id, []).extend(_ends(node.value))
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and _name(node.func) in LOCALIZING:
            for one in (end for each in node.keywords for end in _ends(each.value)):
                yield from (text for text in (given.get(one.id, []) if isinstance(one, ast.Name) else [one]) if WORDS.search(_text(text)))


def _head(node: ast.expr) -> ast.expr:
    """The text of a head of a table."""
    return node.args[0] if isinstance(node, ast.Call) and _name(node.func) == "ColumnHead" and node.args else node


def _elements(nodes: list[ast.expr]) -> list[ast.expr]:
    """Of lists that are written out."""
    return [each for node in nodes if isinstance(node, ast.List) for each in node.elts]


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.IfExp(body=body):
            return _name(body)
        case _:
            return ""


def _ends(node: ast.expr) -> Iterator[ast.expr]:
    """What the value of *node* may be."""
    match node:
        case ast.IfExp(body=one, orelse=other) | ast.BinOp(left=one, right=other):
            yield from _ends(one)
            yield from _ends(other)
        case ast.BoolOp(values=values):
            for each in values:
                yield from _ends(each)
        case _:
            yield node


def _text(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in parts)
        case _:
            return ""
