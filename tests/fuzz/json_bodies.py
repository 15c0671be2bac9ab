"""JSON that the json module would not write: repeated keys, 1e400, lone surrogates."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from tests.fuzz.random_source import RandomSource
from tests.fuzz.values import NUMBERS, odd_text, text

_DEEP = (50, 500, 5000, 50_000)


class Raw(NamedTuple):
    """JSON text that is written unchanged."""

    text: str


class Pairs(NamedTuple):
    """An object whose keys may repeat."""

    pairs: list[tuple[str, Any]]


def encode_json(rng: RandomSource, value: Any) -> bytes:
    """Return `value` as JSON, in ASCII or UTF-8 at random. Lone surrogates are invalid UTF-8."""
    return _written(value, ascii_only=rng.chance(0.5)).encode(errors="surrogatepass")


def _written(value: Any, *, ascii_only: bool) -> str:
    match value:
        case Raw():
            return value.text
        case Pairs():
            return _object(value.pairs, ascii_only=ascii_only)
        case dict():
            return _object([*value.items()], ascii_only=ascii_only)
        case list() | tuple():
            return "[" + ",".join(_written(each, ascii_only=ascii_only) for each in value) + "]"
        case _:
            return json.dumps(value, ensure_ascii=ascii_only)


def _object(pairs: list[tuple[str, Any]], *, ascii_only: bool) -> str:
    members = (
        f"{json.dumps(key, ensure_ascii=ascii_only)}:{_written(value, ascii_only=ascii_only)}"
        for key, value in pairs
    )
    return "{" + ",".join(members) + "}"


def odd_json(rng: RandomSource) -> Any:
    """Return a value of any type and size."""
    kind = rng.random()
    if kind < 0.35:
        return odd_text(rng)
    if kind < 0.6:
        return Raw(rng.pick(NUMBERS))
    if kind < 0.75:
        return rng.pick((None, True, False, [], {}, [[]], {"": ""}, [None], 0, -1, 1.5, 2**63))
    if kind < 0.82:
        opening, closing = rng.pick((("[", "]"), ('{"a":', "}")))
        depth = rng.pick(_DEEP[:2] if rng.chance(0.8) else _DEEP)
        return Raw(opening * depth + "1" + closing * depth)
    if kind < 0.92:
        return {odd_text(rng): odd_text(rng) for _ in range(rng.randint(1, 4))}
    return [odd_text(rng)] * rng.pick((1, 2, 10, 130))


def mutate_document(rng: RandomSource, document: Any) -> Any:
    """Return `document` with one part replaced, removed, repeated, renamed or wrapped."""
    change = rng.pick((_replaced, _dropped, _repeated, _added, _wrapped, _renamed))
    return _at_some_place(rng, document, change)


def _at_some_place(
    rng: RandomSource, value: Any, change: Callable[[RandomSource, Any], Any]
) -> Any:
    """Apply `change` to a random node of `value`."""
    if isinstance(value, dict) and value and rng.chance(0.75):
        key = rng.pick([*value])
        return {**value, key: _at_some_place(rng, value[key], change)}
    if isinstance(value, list) and value and rng.chance(0.75):
        at = rng.randrange(len(value))
        return [*value[:at], _at_some_place(rng, value[at], change), *value[at + 1 :]]
    return change(rng, value)


def _replaced(rng: RandomSource, _value: Any) -> Any:
    return odd_json(rng)


def _dropped(rng: RandomSource, value: Any) -> Any:
    if isinstance(value, dict) and value:
        gone = rng.pick([*value])
        return {key: each for key, each in value.items() if key != gone}
    return [] if isinstance(value, list) else None


def _repeated(rng: RandomSource, value: Any) -> Any:
    if isinstance(value, dict):
        extra = [(key, odd_json(rng)) for key in value] + [("a", 1), ("a", 2)]
        return Pairs([*value.items(), *extra] if rng.chance(0.5) else [*extra, *value.items()])
    # Many copies of a large value would make a body of hundreds of megabytes.
    is_small = not isinstance(value, list) and len(str(value)) < 1000
    return [value] * rng.pick((2, 3, 150) if is_small else (2, 3))


def _added(rng: RandomSource, value: Any) -> Any:
    if isinstance(value, dict):
        return {**value, text(rng, 0.7): odd_json(rng)}
    return [*value, odd_json(rng)] if isinstance(value, list) else {text(rng): value}


def _wrapped(rng: RandomSource, value: Any) -> Any:
    return rng.pick(([value], {"": value}, {"value": value}, [[[value]]]))


def _renamed(rng: RandomSource, value: Any) -> Any:
    if isinstance(value, dict) and value:
        old = rng.pick([*value])
        new = rng.pick((old.upper(), f" {old}", f"{old}\0", f"{old}\ud800", "", odd_text(rng)))
        return {new if key == old else key: each for key, each in value.items()}
    return odd_json(rng)


def mutate_bytes(rng: RandomSource, body: bytes) -> bytes:
    """Return `body` with a part cut or replaced, or in another encoding."""
    kind = rng.randrange(9)
    at = rng.randrange(len(body) + 1)
    decoded = body.decode(errors="replace")
    return (
        lambda: body[:at],
        lambda: body[:at] + bytes((rng.randrange(256),)) + body[at + 1 :],
        lambda: body[:at] + rng.randbytes(rng.randint(1, 20)) + body[at:],
        lambda: decoded.encode(rng.pick(("utf-16", "utf-32", "utf-16-le", "utf-8-sig"))),
        lambda: body + rng.pick((b"\0", b"}", b"{}", b" \n", b"\xff", body)),
        lambda: b" " * rng.randint(1, 2000) + body,
        lambda: b"",
        lambda: rng.randbytes(rng.randint(1, 300)),
        lambda: body.replace(b":", b"=", 1),
    )[kind]()
