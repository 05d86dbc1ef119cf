"""Hypothesis strategies for the records of the model, made from their types."""

from functools import cache
from typing import Any

from hypothesis import strategies as st
from msgspec import inspect

text = st.text(max_size=12)
scalars = st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 63) - 1) | st.floats(allow_nan=False, allow_infinity=False) | text
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=6)
"""Any JSON."""


def of(kind: Any) -> st.SearchStrategy[Any]:
    """Every value of the type *kind*, within the bounds that it states."""
    return _of(inspect.type_info(kind))


def _of(info: object) -> st.SearchStrategy[Any]:
    match info:
        case inspect.NoneType():
            return st.none()
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType(ge=least, lt=most):
            return st.integers(1 - (1 << 53) if least is None else least, (1 << 53) - 1 if most is None else most - 1)
        case inspect.FloatType():
            return st.floats(allow_nan=False, allow_infinity=False)
        case inspect.StrType(min_length=least):
            return st.text(min_size=least or 0, max_size=12)
        case inspect.AnyType():
            return values
        case inspect.LiteralType(values=named):
            return st.sampled_from(named)
        case inspect.VarTupleType(item_type=item):
            return st.lists(_of(item), max_size=3).map(tuple)
        case inspect.TupleType(item_types=items):
            return st.tuples(*map(_of, items))
        case inspect.DictType(key_type=key, value_type=value):
            return st.dictionaries(_of(key), _of(value), max_size=3)
        case inspect.UnionType(types=types):
            return st.one_of(*map(_of, types))
        case inspect.Metadata(type=inner):
            return _of(inner)
        case inspect.StructType(cls=made):
            return _struct(made)
        case _:
            raise NotImplementedError(info)


@cache
def _struct(made: type) -> st.SearchStrategy[Any]:
    """A record may hold one of its own kind."""

    def built() -> st.SearchStrategy[Any]:
        fields = inspect.type_info(made).fields  # type: ignore[attr-defined]
        needed = {each.name: _of(each.type) for each in fields if each.required}
        free = {each.name: _of(each.type) for each in fields if not each.required}
        return st.fixed_dictionaries(needed, optional=free).map(lambda given: made(**given))

    return st.deferred(built)
