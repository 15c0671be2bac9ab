"""cache_if_short: a decorator that caches results of a pure function for short arguments."""

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def cache_if_short(
    *, longest: int, entries: int
) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Result]]:
    """Return a decorator that caches the results of a function for short arguments.

    The function must be pure, and take hashable arguments by position only. Arguments that are
    equal, such as 1 and True, share one cached result. A result is cached only if the arguments are
    short: the str and bytes values among them, also within tuples, have at most `longest`
    characters and bytes in all. The cache therefore takes little memory even if clients choose the
    arguments, unlike `functools.lru_cache`.

    The cache holds at most `entries` results; a full cache is emptied before a result is added. A
    call that raises is not cached. Any thread may call the function. If two threads call it at the
    same time, the cache may hold one result more; with the same arguments, the function may run
    twice.
    """

    def decorate(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        cache = _Cache(function, longest, entries)

        @functools.wraps(function)
        def call(*arguments: Any) -> Result:
            return cache[arguments]

        return call  # type: ignore[return-value]  # the same parameters, but no names

    return decorate


class _Cache(dict[tuple[Any, ...], Result]):
    """The cached results of `function`, by the tuple of arguments of the call."""

    def __init__(self, function: Callable[..., Result], longest: int, entries: int) -> None:
        super().__init__()
        self._function = function
        self._longest = longest
        self._entries = entries

    def __missing__(self, arguments: tuple[Any, ...]) -> Result:
        """Call the function, and return its result; cache the result if the arguments are short.

        Empties a full cache first. Raises what the function raises.
        """
        result = self._function(*arguments)
        if _length(arguments) <= self._longest:
            if len(self) >= self._entries:
                self.clear()
            self[arguments] = result
        return result


def _length(arguments: tuple[Any, ...]) -> int:
    """Count the characters and bytes of the texts in a tuple and in tuples within it."""
    length = 0
    for argument in arguments:
        if isinstance(argument, (str, bytes)):
            length += len(argument)
        elif isinstance(argument, tuple):
            length += _length(argument)
    return length
