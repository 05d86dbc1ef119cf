"""The defects: small changes of a module's source, each at one place.

Left out, since nobody is promised anything by them: annotations, docstrings and other texts on their own, `assert` (it says what the
types cannot), texts of what is raised, decorators, and the names that a module exports.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

_COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Add,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
}
_CALLED = {"min": "max", "max": "min", "any": "all", "all": "any"}
_TURNED = {
    "startswith": "endswith",
    "endswith": "startswith",
    "partition": "rpartition",
    "rpartition": "partition",
    "split": "rsplit",
    "rsplit": "split",
    "append": "appendleft",
    "appendleft": "append",
    "popleft": "pop",
}
_UNPROMISED = {"description", "usedforsecurity"}
"""Arguments that are text, or that only a Python of another build looks at."""
_LEFT_AWAY = {"lower", "upper", "casefold", "strip", "lstrip", "rstrip"}
_DELETED = (ast.AugAssign, ast.Raise, ast.Return, ast.Continue, ast.Break, ast.Delete)


class Mutant(NamedTuple):
    line: int
    lines: range
    """Those of its statement; of one with a body, those of its head."""
    where: str
    """The function or class, as `Class.method`."""
    function: str
    """The outermost function that it is in, by its qualified name; empty: it takes effect when the module is imported."""
    change: str
    """`before → after`, on one line; ` (2)` behind it where the same is done a second time in the same place."""
    source: str
    """Of the whole module."""

    @property
    def key(self) -> str:
        return f"{self.where}: {self.change}"


class Place(NamedTuple):
    where: str
    function: str
    lines: range

    def within(self, name: str, *, function: bool) -> "Place":
        where = f"{self.where}.{name}" if self.where else name
        return Place(where, self.function or (where if function else ""), self.lines)


class _Change(NamedTuple):
    node: ast.expr | ast.stmt
    after: str
    at: Place


def mutants(source: str) -> Iterator[Mutant]:
    """Every one, in the order of the lines. Those that say the same as the source are left out."""
    tree = ast.parse(source)
    whole = ast.dump(tree)
    lines = source.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line.encode()))
    encoded = source.encode()
    seen: set[str] = set()
    times: Counter[str] = Counter()
    for node, after, at in sorted(
        _in_body(tree.body, Place("", "", range(0))), key=lambda change: (change.node.lineno, change.node.col_offset)
    ):
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        begin, end = starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset
        before = encoded[begin:end].decode()
        changed = (encoded[:begin] + after.encode() + encoded[end:]).decode()
        try:
            same = ast.dump(ast.parse(changed)) == whole
        except SyntaxError:
            continue
        if same or changed in seen:
            continue
        seen.add(changed)
        change = f"{' '.join(before.split())} → {' '.join(after.split())}"
        times[at.where + change] += 1
        nth = times[at.where + change]
        yield Mutant(node.lineno, at.lines, at.where or "module", at.function, change if nth == 1 else f"{change} ({nth})", changed)


def _in_body(body: list[ast.stmt], at: Place) -> Iterator[_Change]:
    for statement in body:
        inside = getattr(statement, "body", None) or getattr(statement, "cases", None)
        last = (
            (statement.end_lineno or 0)
            if not inside
            else getattr(inside[0], "lineno", 0) - 1
            if isinstance(inside[0], ast.stmt)
            else statement.lineno
        )
        yield from _of_statement(statement, at._replace(lines=range(statement.lineno, max(last, statement.lineno) + 1)))


def _of_statement(node: ast.stmt, at: Place) -> Iterator[_Change]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            if not isinstance(node, ast.ClassDef):
                for default in (*node.args.defaults, *node.args.kw_defaults):
                    if default is not None:
                        yield from _of_expression(default, Place(at.within(node.name, function=False).where, at.function, at.lines))
            yield from _in_body(node.body, at.within(node.name, function=not isinstance(node, ast.ClassDef)))
            return
        case ast.Import() | ast.ImportFrom() | ast.Assert() | ast.Pass() | ast.Global() | ast.Nonlocal():
            return
        case ast.Expr(value=ast.Constant()):
            return
        case ast.Assign(targets=[ast.Name(id="__all__")]):
            return
    if isinstance(node, _DELETED) and not (isinstance(node, ast.Return) and node.value is None and not at.where):
        yield _Change(node, "pass", at)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Await):
        yield _Change(node, "pass", at)
    if isinstance(node, ast.Assign) and not any(isinstance(target, ast.Name | ast.Tuple) for target in node.targets):
        yield _Change(node, "pass", at)
    match node:
        case ast.AugAssign(op=operator) if type(operator) in _COMPUTED:
            yield _Change(node, ast.unparse(ast.AugAssign(node.target, _COMPUTED[type(operator)](), node.value)), at)
        case ast.Break():
            yield _Change(node, "continue", at)
        case ast.Continue():
            yield _Change(node, "break", at)
        case ast.Raise():
            return
        case ast.If(test=test) | ast.While(test=test):
            yield from _forced(test, at, loop=isinstance(node, ast.While))
        case ast.AnnAssign(value=value):
            if value is not None:
                yield from _of_expression(value, at)
            return
        case ast.Match(cases=cases):
            for case in cases:
                if case.guard is not None:
                    on = at._replace(lines=range(case.guard.lineno, (case.guard.end_lineno or 0) + 1))
                    yield from _forced(case.guard, on)
                    yield from _of_expression(case.guard, on)
        case ast.Try(handlers=handlers):
            for handler in handlers:
                if handler.body and not isinstance(handler.body[0], ast.Raise):
                    first = handler.body[0]
                    yield _Change(first, "raise", at._replace(lines=range(first.lineno, (first.end_lineno or 0) + 1)))
        case ast.Assign(value=ast.BinOp(op=ast.BitOr())) if not at.where:
            return  # a name for a union of types
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.stmt():
                yield from _in_body([child], at)
            case ast.expr():
                yield from _of_expression(child, at)
            case ast.ExceptHandler() | ast.match_case():
                yield from _in_body(child.body, at)
            case ast.withitem():
                yield from _of_expression(child.context_expr, at)


def _forced(test: ast.expr, at: Place, *, loop: bool = False) -> Iterator[_Change]:
    if not loop:  # it would only run for ever
        yield _Change(test, "True", at)
    yield _Change(test, "False", at)


def _of_expression(node: ast.expr, at: Place) -> Iterator[_Change]:
    match node:
        case ast.Compare(ops=ops):
            for number, operator in enumerate(ops):
                for other in _COMPARED[type(operator)]:
                    yield _Change(
                        node, ast.unparse(ast.Compare(node.left, [*ops[:number], other(), *ops[number + 1 :]], node.comparators)), at
                    )
        case ast.BoolOp(values=values):
            turned = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield _Change(node, f"({ast.unparse(ast.BoolOp(turned, values))})", at)
            for number in range(len(values)):
                rest = [*values[:number], *values[number + 1 :]]
                yield _Change(node, f"({ast.unparse(ast.BoolOp(node.op, rest) if len(rest) > 1 else rest[0])})", at)
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield _Change(node, f"({ast.unparse(node.operand)})", at)
        case ast.BinOp(op=operator) if type(operator) in _COMPUTED:
            yield _Change(node, f"({ast.unparse(ast.BinOp(node.left, _COMPUTED[type(operator)](), node.right))})", at)
        case ast.IfExp(test=test):
            yield from _forced(test, at)
        case ast.Constant(value=value):
            yield from (_Change(node, after, at) for after in _other_constants(value))
            return
        case ast.JoinedStr(values=parts):
            for number, part in enumerate(parts):
                if isinstance(part, ast.Constant):
                    changed = ast.Constant(f"x{part.value!s}")
                    yield _Change(node, ast.unparse(ast.JoinedStr([*parts[:number], changed, *parts[number + 1 :]])), at)
            for part in parts:
                if isinstance(part, ast.FormattedValue):
                    yield from _within_text(node, part, at)
            return
        case ast.Subscript(value=ast.Name(id="Literal")):
            return
        case ast.Subscript(slice=ast.Slice(lower=lower, upper=upper, step=step)):
            if lower is not None:
                yield _Change(node, ast.unparse(ast.Subscript(node.value, ast.Slice(None, upper, step))), at)
            if upper is not None:
                yield _Change(node, ast.unparse(ast.Subscript(node.value, ast.Slice(lower, None, step))), at)
        case ast.Call():
            yield from _of_call(node, at)
            for child in (node.func, *node.args, *(keyword.value for keyword in node.keywords if keyword.arg not in _UNPROMISED)):
                yield from _of_expression(child, at)
            return
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            for generator in node.generators:
                yield from _of_expression(generator.iter, at)
                for test in generator.ifs:
                    yield from _forced(test, at)
                    yield from _of_expression(test, at)
    if not isinstance(node, ast.JoinedStr):
        for below in ast.iter_child_nodes(node):
            if isinstance(below, ast.expr):
                yield from _of_expression(below, at)


def _of_call(node: ast.Call, at: Place) -> Iterator[_Change]:
    match node.func:
        case ast.Name(id=name) if name in _CALLED:
            yield _Change(node, ast.unparse(ast.Call(ast.Name(_CALLED[name]), node.args, node.keywords)), at)
        case ast.Attribute(attr=name) if name in _TURNED:
            yield _Change(node, ast.unparse(ast.Call(ast.Attribute(node.func.value, _TURNED[name]), node.args, node.keywords)), at)
        case ast.Attribute(attr=name) if name in _LEFT_AWAY and not node.args and not node.keywords:
            yield _Change(node, ast.unparse(node.func.value), at)
    for number, keyword in enumerate(node.keywords):
        if keyword.arg is not None and keyword.arg not in _UNPROMISED:
            rest = [*node.keywords[:number], *node.keywords[number + 1 :]]
            yield _Change(node, ast.unparse(ast.Call(node.func, node.args, rest)), at)


def _within_text(whole: ast.JoinedStr, part: ast.FormattedValue, at: Place) -> Iterator[_Change]:
    """Python 3.11 does not know where in the source a part of an f-string lies: the whole is written anew."""
    text = ast.unparse(whole)
    before = ast.unparse(part.value)
    for change in _of_expression(part.value, at):
        after = change.after if change.node is part.value else before.replace(ast.unparse(change.node), change.after, 1)
        if text.count(f"{{{before}") == 1:
            yield _Change(whole, text.replace(f"{{{before}", f"{{{after}", 1), at)


def _other_constants(value: object) -> Iterator[str]:
    match value:
        case bool():
            yield repr(not value)
        case int() | float():
            yield repr(value + 1)
        case str() if value:
            yield repr(f"x{value}")
        case str():
            yield repr("x")
        case bytes():
            yield repr(b"x" + value)
