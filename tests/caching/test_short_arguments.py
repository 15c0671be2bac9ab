"""cache_if_short: which calls are cached, and how many."""

import pytest

from glimpse.caching.short_arguments import cache_if_short


def test_short_arguments_are_computed_once() -> None:
    calls: list[tuple[object, ...]] = []

    @cache_if_short(longest=8, entries=10)
    def join(first: str, second: bytes, pairs: tuple[tuple[str, str], ...]) -> str:
        calls.append((first, second, pairs))
        return f"{first}{second!r}{pairs}"

    short = ("ab", b"cd", (("ef", "gh"),))
    assert join(*short) == join(*short) == "abb'cd'(('ef', 'gh'),)"
    assert calls == [short]


@pytest.mark.parametrize(
    ("text", "data", "pairs"),
    [("a" * 9, b"", ()), ("", b"a" * 9, ()), ("abc", b"def", ("ghi",)), ("", b"", (("a" * 9,),))],
)
def test_long_arguments_are_computed_each_time(
    text: str, data: bytes, pairs: tuple[object, ...]
) -> None:
    calls: list[str] = []

    @cache_if_short(longest=8, entries=10)
    def count(text: str, data: bytes, pairs: tuple[object, ...]) -> int:
        calls.append(text)
        return len(text) + len(data) + len(pairs)

    assert count(text, data, pairs) == count(text, data, pairs)
    assert len(calls) == 2


def test_full_cache_is_emptied() -> None:
    calls: list[str] = []

    @cache_if_short(longest=8, entries=2)
    def upper(text: str) -> str:
        calls.append(text)
        return text.upper()

    assert [upper(text) for text in ("a", "b", "a", "c", "c", "a")] == list("ABACCA")
    assert calls == ["a", "b", "c", "a"]


def test_call_that_raises_is_repeated() -> None:
    texts = iter(["no number", "7"])

    @cache_if_short(longest=8, entries=10)
    def parse_next(_name: str) -> int:
        return int(next(texts))

    with pytest.raises(ValueError, match="no number"):
        parse_next("a")
    assert parse_next("a") == parse_next("a") == 7
