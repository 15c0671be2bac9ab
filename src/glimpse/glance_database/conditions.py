"""Conditions: parts of a WHERE clause together with their values."""

from collections.abc import Iterable
from typing import NamedTuple


class Condition(NamedTuple):
    """A boolean SQL expression with a ``%s`` for each of `values`, in order."""

    sql: str
    values: tuple[object, ...] = ()


NEVER = Condition("1 = 0")


def all_of(conditions: Iterable[Condition]) -> Condition:
    """Join one or more `conditions` with AND, in their order, without parentheses."""
    return _join(" AND ", conditions)


def any_of(conditions: Iterable[Condition]) -> Condition:
    """Join one or more `conditions` with OR, in their order, in parentheses."""
    joined = _join(" OR ", conditions)
    return Condition(f"({joined.sql})", joined.values)


def equals_any(column: str, values: tuple[object, ...]) -> Condition:
    """Return the condition that a column equals one of `values`, which must not be empty."""
    if len(values) == 1:
        return Condition(f"{column} = %s", values)
    return Condition(f"{column} IN ({', '.join(['%s'] * len(values))})", values)


def _join(operator: str, conditions: Iterable[Condition]) -> Condition:
    found = list(conditions)
    values = tuple(value for condition in found for value in condition.values)
    return Condition(operator.join(condition.sql for condition in found), values)
