"""SeedReader: reads values of a seed, and records problems with their lines and paths."""

import difflib
import re
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from glimpse.images import parse_date
from glimpse.seed.errors import InvalidSeed, Problem
from glimpse.seed.known_entries import KnownEntries
from glimpse.seed.yaml_document import Place

_BOOL, _INT = (f"tag:yaml.org,2002:{name}" for name in ("bool", "int"))
_TRUE, _FALSE = frozenset(("true", "yes", "on")), frozenset(("false", "no", "off"))  # YAML 1.1
_SIZE = re.compile(r"([0-9]{1,18}) ?(B|[KMGT]i?B?)?", re.IGNORECASE)
_UNITS = {"": 1, "B": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
# What PyYAML raises for `2026-99-99`, `!!int x`, `!!bool x`, `!!timestamp x`.
_UNUSABLE_SCALAR = (ValueError, KeyError, AttributeError, TypeError)
MAX_TEXT = 255  # characters: what a column of most texts holds


class SeedReader:
    """Reads values of a seed. Each method says which values are allowed.

    For any other value, a method records a Problem and returns some value of the right type, so
    that all problems are found in one pass. Call `raise_problems` before you use the values.
    """

    def __init__(self, source: str) -> None:
        """`source`, such as the path of the seed file, names the seed in messages."""
        self._source = source
        self._problems: list[Problem] = []
        self._misspelled: set[str] = set()  # the paths of values with misspelled keys

    @property
    def problem_count(self) -> int:
        """The number of problems recorded so far."""
        return len(self._problems)

    def report(self, place: Place, message: str) -> None:
        """Record that the value at `place` cannot be used. `message` is a sentence that says why.

        Does nothing if the key of the value is misspelled, which is recorded as a problem already.
        """
        if place.path not in self._misspelled:
            self._problems.append(Problem(place.line, place.path, message))

    def report_entry(self, path: str, message: str) -> None:
        """Record that an entry cannot be used. `message` is a sentence that says why.

        `path` names the entry, by its id for example. The line is unknown; the problem gets line 1.
        """
        self._problems.append(Problem(1, path, message))

    def raise_problems(self) -> None:
        """Raise InvalidSeed with all recorded problems, sorted by line, if there are any."""
        if self._problems:
            raise InvalidSeed(self._source, sorted(self._problems))

    def read_mapping(
        self,
        place: Place,
        allowed: Collection[str],
        required: Iterable[str] = (),
        nullable: Collection[str] = (),
    ) -> dict[str, Place]:
        """Return the values of a mapping by their keys; {} if the value is no mapping.

        A key with the value null counts as missing, except for keys in `nullable`. Records a
        Problem if the value is no mapping, if a key in `required` is missing, if a key is not text,
        and if a key is repeated. The first value of a repeated key is returned.

        Also records a Problem for a key that is not in `allowed`, and leaves the key out. But if it
        is similar to an allowed key that the mapping does not have, its value is returned for that
        key: ``nmae`` -> ``name``.
        """
        found = self.read_any_mapping(place)
        for key, value in tuple(found.items()):
            if key not in allowed:
                similar = difflib.get_close_matches(key, allowed, 1)
                hint = f"did you mean {similar[0]}?" if similar else f"one of {', '.join(allowed)}."
                self.report(value, f"this key is unknown: {hint}")
                if similar:
                    self._misspelled.add(value.path)
                    found.setdefault(similar[0], value)
        kept = {
            key: value
            for key, value in found.items()
            if key in allowed and (key in nullable or not value.is_null)
        }
        if isinstance(place.node, yaml.MappingNode):
            for key in required:
                if key not in kept:
                    self.report(place, f"{key} is missing.")
        return kept

    def read_any_mapping(self, place: Place) -> dict[str, Place]:
        """Return the values of a mapping by their keys as they are written: ``1`` is the text "1".

        A key must be a scalar without NUL and lone surrogates. For another key, records a Problem
        and leaves the key out. For a repeated key, records a Problem and returns the first value.
        If the value at `place` is no mapping, records a Problem and returns {}.
        """
        if not isinstance(place.node, yaml.MappingNode):
            self.report(place, "a mapping of keys to values is expected.")
            return {}
        found = {}
        for key, value in place.node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.report(Place(key, place.path), "the key has to be text.")
                continue
            if not _is_storable(key.value):
                message = "a key without NUL characters and lone surrogates is expected."
                self.report(Place(key, place.path), message)
                continue
            path = f"{place.path}.{key.value}" if place.path else str(key.value)
            if key.value in found:
                self.report(Place(key, path), "this key is there twice.")
            else:
                found[key.value] = Place(value, path)
        return found

    def read_list(self, place: Place) -> list[Place]:
        """Return the entries of a list. For any other value, record a Problem and return []."""
        if not isinstance(place.node, yaml.SequenceNode):
            self.report(place, "a list is expected.")
            return []
        return [
            Place(node, f"{place.path}[{number}]") for number, node in enumerate(place.node.value)
        ]

    def read_text(self, place: Place, longest: int = MAX_TEXT, shortest: int = 1) -> str:
        """Return a text of `shortest` to `longest` characters without NUL and lone surrogates.

        A number, a date or a boolean is returned as it is written in the seed. For any other value,
        records a Problem and returns a text that cannot be used.
        """
        value = self._scalar(place)
        if value is None:
            self.report(place, "text is expected.")
            return ""
        if not shortest <= len(value) <= longest:
            self.report(place, f"text of {shortest} to {longest} characters is expected.")
        if not _is_storable(value):
            self.report(place, "text without NUL characters and lone surrogates is expected.")
            return ""
        return value

    def read_texts(self, place: Place, longest: int = MAX_TEXT) -> list[str]:
        """Return a list of texts of 1 to `longest` characters; record other values as problems."""
        return [self.read_text(each, longest) for each in self.read_list(place)]

    def read_text_mapping(self, place: Place, longest: int) -> dict[str, str]:
        """Return a mapping of keys to texts; record other keys and values as problems.

        A key has 1 to 255 characters. A text has at most `longest` characters, and may be empty.
        """
        return self.read_texts_by_key(self.read_any_mapping(place), longest)

    def read_texts_by_key(self, values: Mapping[str, Place], longest: int) -> dict[str, str]:
        """Do the same as `read_text_mapping`, for a mapping that `read_any_mapping` returned."""
        for key, value in values.items():
            if not 1 <= len(key) <= MAX_TEXT:
                self.report(value, f"the key has to have 1 to {MAX_TEXT} characters.")
        return {key: self.read_text(value, longest, 0) for key, value in values.items()}

    def read_boolean(self, place: Place) -> bool:
        """Return a boolean: true, yes, on, false, no or off, also as ``True`` and as ``TRUE``.

        For any other value, such as text in quotes, records a Problem and returns False.
        """
        value = (self._scalar(place) or "").lower()
        if place.node.tag != _BOOL or value not in _TRUE | _FALSE:  # `!!bool x`
            self.report(place, "true or false is expected.")
            return False
        return value in _TRUE

    def read_integer(self, place: Place, lowest: int, highest: int) -> int:
        """Return a decimal integer from `lowest` to `highest`.

        For any other value, records a Problem and returns `lowest`.
        """
        try:
            value = int(self._scalar(place) or "") if place.node.tag == _INT else None
        except ValueError:  # 0x10, or 1:30, which is 90 in YAML 1.1
            value = None
        if value is None or not lowest <= value <= highest:
            self.report(place, f"an integer from {lowest} to {highest} is expected.")
            return lowest
        return value

    def read_size(self, place: Place, highest: int) -> int:
        """Return a size in bytes, 0 to `highest`: ``1048576``, ``1024 KiB`` or ``1M`` (2**20).

        K, KB and KiB are all 1024 bytes. For any other value, records a Problem and returns 0.
        """
        match = _SIZE.fullmatch(self._scalar(place) or "")
        size = int(match[1]) * _UNITS[(match[2] or "")[:1].upper()] if match else -1
        if not 0 <= size <= highest:
            self.report(place, f"a size up to {highest} bytes is expected, such as 10 MiB.")
            return 0
        return size

    def read_choice(self, place: Place, choices: Collection[str]) -> str:
        """Return a text that is one of `choices`.

        For any other value, records a Problem and returns the first of `choices`.
        """
        value = self._scalar(place)
        if value is None or value not in choices:
            self.report(place, f"one of {', '.join(choices)} is expected.")
            return next(iter(choices))
        return value

    def read_with(self, place: Place, parse: Callable[[str], str | None], message: str) -> str:
        """Return what `parse` returns for the text at `place`.

        If `parse` returns None, or the value is not text, records a Problem with `message` and
        returns "".
        """
        value = self._scalar(place)
        found = parse(value) if value is not None else None
        if found is None:
            self.report(place, message)
            return ""
        return found

    def read_plain(self, place: Place) -> Any:
        """Return any value as YAML's safe loader makes it, such as a list, a number or a date.

        If the loader raises an error, records a Problem and returns None.
        """
        try:
            return SafeConstructor().construct_document(place.node)
        except yaml.MarkedYAMLError as error:
            self.report(place, f"{error.problem}.")
        except _UNUSABLE_SCALAR:
            self.report(place, "a value of its type is expected; quote it if it is text.")
        except RecursionError:
            self.report(place, "it has too many levels.")
        return None

    def read_reference(self, place: Place, known: KnownEntries, kind: str) -> str:
        """Return the id of the entry in `known` whose id or name is the text at `place`.

        `kind`, such as ``project``, is for the message. If no entry has the text as its id or name,
        or several have, records a Problem and returns "".
        """
        return self.find_entry(self._scalar(place), place, known, kind)

    def find_entry(self, name: str | None, place: Place, known: KnownEntries, kind: str) -> str:
        """Return the id of the entry in `known` whose id or name is `name`.

        If no entry has this id or name, if several have, or if `name` is None, records a Problem at
        `place` and returns "". `kind`, such as ``project``, is for the message.
        """
        found = sorted(known.find(name)) if name is not None else []
        if len(found) == 1:
            return found[0]
        message = f"the name or id of a {kind} is expected; there are: {known.names()}."
        if found:
            message = f"more than one {kind} has this name or id: write an id, or rename one."
        self.report(place, message)
        return ""

    def read_uuid(self, place: Place) -> str:
        """Return a UUID with dashes, in lower case; or record a Problem, and return ""."""
        return self.read_with(place, parse_uuid, "a UUID is expected.")

    def read_date(self, place: Place) -> str:
        """Return a date that `parse_date` accepts as ``2026-01-31T12:00:00Z``, in UTC.

        A time without a zone is in UTC. For any other value, records a Problem and returns "".
        """
        return self.read_with(
            place, parse_date, "a date and time in ISO 8601 notation is expected."
        )

    def _scalar(self, place: Place) -> str | None:
        """Return the text of a value as it is written; None for a list, a mapping or null."""
        is_scalar = isinstance(place.node, yaml.ScalarNode) and not place.is_null
        return str(place.node.value) if is_scalar else None


def _is_storable(text: str) -> bool:
    """Return True if `text` has no NUL character and no lone surrogate."""
    return "\0" not in text and not any("\ud800" <= each <= "\udfff" for each in text)


def parse_uuid(text: str) -> str | None:
    """Return a UUID in lower case; None for text that is not a UUID with dashes."""
    try:
        found = str(uuid.UUID(text))
    except ValueError:
        return None
    return found if found == text.lower() else None
