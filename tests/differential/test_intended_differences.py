"""The list of intended differences, and the documentation that describes them."""

import pytest

from tests.differential.api_request import image_call
from tests.differential.comparison import Mismatch
from tests.differential.intended_differences import (
    IntendedDifference,
    read_intended_differences,
    undescribed,
)

MISSING = Mismatch("body $.next", '"/v2/images?marker=x"', "absent")


def test_documentation_describes_every_intended_difference() -> None:
    differences = read_intended_differences()
    assert differences
    assert undescribed(differences) == []


def test_line_that_the_documentation_does_not_have_is_reported() -> None:
    wrong = IntendedDifference.parse({"line": "- Everything is better here."})
    assert undescribed([wrong]) == [wrong.line]


def test_difference_describes_only_what_all_its_expressions_match() -> None:
    entry = {"line": "x", "request": "GET image /v2/images\\?.*", "aspect": "body \\$\\.next"}
    difference = IntendedDifference.parse({**entry, "embedded": "absent"})
    request = image_call("GET", "/images?limit=1")
    assert difference.describes(request, MISSING)
    assert not difference.describes(image_call("GET", "/images"), MISSING)
    assert not difference.describes(request, MISSING._replace(embedded='"/v2/images"'))
    assert not difference.describes(request, MISSING._replace(aspect="body $.nextish"))


def test_difference_may_depend_on_what_was_sent_and_on_the_response() -> None:
    entry = {"line": "x", "user": "owner", "sent": '.*"a".*', "body": ".*queued.*"}
    difference = IntendedDifference.parse(entry)
    request = image_call("POST", "/images", {"a": 1})
    assert difference.describes(request, MISSING, b'{"status": "queued"}')
    assert not difference.describes(request, MISSING, b'{"status": "active"}')
    other = image_call("POST", "/images", {"a": 1}, "other")
    assert not difference.describes(other, MISSING, b'{"status": "queued"}')
    more = image_call("POST", "/images", {"b": 1})
    assert not difference.describes(more, MISSING, b'{"status": "queued"}')


def test_unknown_member_of_an_entry_is_an_error() -> None:
    with pytest.raises(AssertionError, match="unknown members"):
        IntendedDifference.parse({"line": "x", "status": "404"})
