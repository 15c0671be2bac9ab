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

    The function must be pure, and take hashable arguments by position only. The result of a call is
    cached if the texts in its arguments have at most `longest` characters or bytes together. Texts
    in tuples count; arguments of other types do not. Without this bound, texts that clients choose
    could take any amount of memory.

    The cache holds at most `entries` results; it is emptied before one more is added. A call that
    raises is not cached. Any thread may call the function. If two threads call the function at the
    same time, it may run twice for the same arguments.

    `functools.lru_cache` has no bound in bytes. Checking the length before each look-up would take
    as long as the look-up. This cache checks the length only when it adds a result.
    """

    def decorate(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        cache = _Cache(function, longest, entries)

        @functools.wraps(function)
        def call(*arguments: Any) -> Result:
            return cache[arguments]

        return call  # type: ignore[return-value]  # the same parameters, but no names

    return decorate


class _Cache(dict[tuple[Any, ...], Result]):
    """The cached results by the arguments of their calls."""

    def __init__(self, function: Callable[..., Result], longest: int, entries: int) -> None:
        super().__init__()
        self._function = function
        self._longest = longest
        self._entries = entries

    def __missing__(self, arguments: tuple[Any, ...]) -> Result:
        """Call the function, and cache its result if the arguments are short."""
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
