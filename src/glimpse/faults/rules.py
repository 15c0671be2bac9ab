"""FaultRule: which requests have a fault, and which fault. `parse_rule` makes rules."""

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from typing import Any

from glimpse.faults.pattern_checks import check_operation
from glimpse.faults.rule_values import PARSERS, UnexpectedValue


class InvalidRule(ValueError):
    """A rule cannot be used. ``problems`` has a pair for each problem: a key and a sentence.

    The sentence says what is wrong or expected. The key is empty for a problem of the whole rule.
    """

    def __init__(self, *problems: tuple[str, str]) -> None:
        self.problems = problems
        super().__init__(
            " ".join(f"{key}: {expected}" if key else expected for key, expected in problems)
        )


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """The facts of a request that are compared with a FaultRule.

    ``operation`` is the operation's name in metrics: ``list_images`` (Compute), ``identity.issue``.
    ``path`` has no query. Names in ``headers`` are in lower case. ``projects`` has the id and
    the name of the caller's project. ``projects`` is empty if the token is missing, not valid or
    without a project, and if no rule names a project.
    """

    method: str
    path: str
    operation: str
    headers: Mapping[str, str]
    projects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FaultRule:
    """Which requests have a fault, and which fault. Times are in seconds.

    A request matches the rule if it matches each of ``operation``, ``method``, ``path``,
    ``project``, ``user_agent`` and ``headers`` that is set. ``project`` is an id or a name. The
    other five are patterns: ``*`` is any text, ``?`` any character, ``[ab]`` the character a or b.
    Case matters, except in the names of headers. ``headers`` has a pattern for each name of a
    header. If the request does not have a header (also User-Agent), only the empty pattern matches.

    The first ``skip`` matching requests have no fault. All later matching requests have the fault
    if neither ``first`` nor ``every`` is set. If ``first`` is 2, only the first two of them have
    the fault. If ``every`` is 3, every third of them has the fault. ``first`` and ``every`` exclude
    each other.

    A request with the fault waits for ``delay``. A rule has at most one of these other effects:

    - ``status``: the response has this status, ``body``, ``response_headers``, and Retry-After if
      ``retry_after`` is set. The API does not get the request.
    - ``reset_connection``: the client gets a TCP reset. The API does not get the request.
    - ``rate_limit``: after ``rate_limit`` requests in ``rate_seconds``, the response is a 429 with
      ``body`` and ``response_headers``. Retry-After is ``retry_after``, or else the time until the
      next request is allowed.
    - ``cut_after``: the connection closes after ``cut_after`` bytes of a longer response body.
    - ``bytes_per_second``: the response's body is sent at this speed.
    - ``stale_for``: a GET gets the response to an earlier GET with this fault and the same path,
      query and token, if that response was a success and is at most ``stale_for`` seconds old.
    - ``saving_for``: an upload, import or snapshot gets its response at once. The image's data is
      stored ``saving_for`` seconds later. Until then, the image is importing or saving.
    """

    operation: str | None = None
    method: str | None = None
    path: str | None = None
    project: str | None = None
    user_agent: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    skip: int = 0
    first: int | None = None
    every: int | None = None
    delay: float = 0.0
    status: int | None = None
    body: bytes | None = None
    response_headers: Mapping[str, str] = field(default_factory=dict)
    retry_after: int | None = None
    reset_connection: bool = False
    rate_limit: int | None = None
    rate_seconds: float = 1.0
    cut_after: int | None = None
    bytes_per_second: int | None = None
    stale_for: float | None = None
    saving_for: float | None = None

    def matches(self, request: RequestFacts) -> bool:
        """Return True if the request matches the rule, whatever `skip`, `first` and `every` are.

        Conditions that are not set match every request. Changes no counts.
        """
        headers = request.headers
        patterns = [
            (self.operation, request.operation),
            (self.method, request.method),
            (self.path, request.path),
            (self.user_agent, headers.get("user-agent")),
            *((pattern, headers.get(name.lower())) for name, pattern in self.headers.items()),
        ]
        return (self.project is None or self.project in request.projects) and all(
            pattern is None or _matches(text, pattern) for pattern, text in patterns
        )

    def applies_to(self, number: int) -> bool:
        """Return True if the matching request with this number, counted from 1, has the fault."""
        number -= self.skip
        if number < 1:
            return False
        if self.first is not None:
            return number <= self.first
        return self.every is None or number % self.every == 0


def _matches(text: str | None, pattern: str) -> bool:
    """Return True if a text matches; None, for a missing header, matches only ``""``."""
    return not pattern if text is None else fnmatchcase(text, pattern)


_EFFECTS = (
    *("status", "reset_connection", "rate_limit", "cut_after", "bytes_per_second", "stale_for"),
    "saving_for",
)
_RESPONDING = ("status", "rate_limit")  # effects with a response of the rule
_NEEDED = {  # each key has no effect without one of the keys in its value
    **dict.fromkeys(("body", "response_headers", "retry_after"), _RESPONDING),
    "rate_seconds": ("rate_limit",),
}
_SAVING = ("image.upload_data", "image.import_data", "run_action")  # what saving_for can delay
KEYS = tuple(each.name for each in fields(FaultRule))


def parse_rule(document: object, operations: Collection[str]) -> FaultRule:
    """Return the rule that a JSON object describes; its keys are the fields of FaultRule.

    A value of null counts as missing. ``body`` is a text, or any other JSON, which is sent as JSON.
    The pattern in ``operation`` has to match one of `operations`, the names of all operations.

    Raises InvalidRule with all problems. Problems are wrong values, unknown keys, keys that have no
    effect or exclude each other, and a document that is no object. A rule without a fault is a
    problem, too, but is reported only if there is no other problem.
    """
    if not isinstance(document, dict):
        raise InvalidRule(("", "an object is expected."))
    problems: list[tuple[str, str]] = []
    values = {}
    for key, value in document.items():
        if key not in KEYS:
            problems.append((str(key), _unknown_key(str(key))))
        elif value is not None:
            try:
                values[key] = PARSERS[key](value)
            except UnexpectedValue as error:
                problems.append((key, str(error)))
    unmatched = check_operation(values["operation"], operations) if "operation" in values else None
    if unmatched is not None:
        problems.append(("operation", unmatched))
    problems += _contradictions(values)
    if not problems and not _used_effects(values) and "delay" not in values:
        problems.append(("", f"a fault is expected: delay, or one of {', '.join(_EFFECTS)}."))
    if problems:
        raise InvalidRule(*problems)
    return FaultRule(**values)


def _unknown_key(key: str) -> str:
    """Return an error message with the key that was probably meant, or with all keys."""
    similar = difflib.get_close_matches(key, KEYS, 1)
    hint = f"did you mean {similar[0]}?" if similar else f"one of {', '.join(KEYS)}."
    return f"this key is unknown: {hint}"


def _contradictions(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (key, message) for each key that excludes another key, or has no effect."""
    effects = _used_effects(values)
    for name in effects[1:]:
        yield name, f"it cannot be used together with {effects[0]}."
    if "first" in values and "every" in values:
        yield "every", "it cannot be used together with first."
    for name, needed in _NEEDED.items():
        if name in values and not set(needed) & set(effects):
            yield name, f"it has no effect without {' or '.join(needed)}."
    operation = values.get("operation", "*")
    if "saving_for" in values and not any(fnmatchcase(name, operation) for name in _SAVING):
        yield "saving_for", f"it has no effect on other operations than {', '.join(_SAVING)}."
    if "stale_for" in values and not fnmatchcase("GET", values.get("method", "*")):
        yield "stale_for", "it has no effect on other methods than GET."


def _used_effects(values: Mapping[str, Any]) -> list[str]:
    """Return the keys of `_EFFECTS` (all effects except ``delay``) that a rule sets.

    The keys are in the order of `_EFFECTS`. ``reset_connection: false`` does not count.
    """
    return [name for name in _EFFECTS if name in values and values[name] is not False]


def render_rule(rule: FaultRule) -> dict[str, Any]:
    """Return a rule as a dict for JSON, without fields that have their defaults.

    ``body`` is a text, with U+FFFD for bytes that are not UTF-8.
    """
    default = FaultRule()
    return {
        key: value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        for key in KEYS
        if (value := getattr(rule, key)) != getattr(default, key)
    }
