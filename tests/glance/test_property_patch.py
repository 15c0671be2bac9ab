"""make_property_patch: the JSON patch operations for a change of properties."""

import pytest

from glimpse.glance.property_patch import encode_patch, make_property_patch
from glimpse.images import PropertyChanges
from glimpse.images.errors import Invalid, PropertyLimitExceeded, PropertyNotFound


def test_patch_adds_new_values_and_removes_keys() -> None:
    changes = PropertyChanges(set={"same": "1", "a/b~c": "2"}, remove=frozenset({"old"}))
    assert make_property_patch({"same": "1", "old": "0"}, changes) == [
        {"op": "remove", "path": "/old"},
        {"op": "add", "path": "/a~1b~0c", "value": "2"},
    ]


@pytest.mark.parametrize("changed", [{"\ud800": "1"}, {"a": "\ud800"}], ids=ascii)
def test_a_property_that_is_not_valid_unicode_is_invalid(changed: dict[str, str]) -> None:
    operations = make_property_patch({}, PropertyChanges(set=changed))
    with pytest.raises(Invalid, match="not valid Unicode"):
        encode_patch(operations)


def test_replacing_keeps_reserved_keys() -> None:
    changes = PropertyChanges(set={"new": "1"}, replace=True, keep=frozenset({"kept"}))
    properties = {"kept": "1", "os_glance_import_task": "1", "old": "1"}
    assert make_property_patch(properties, changes) == [
        {"op": "remove", "path": "/old"},
        {"op": "add", "path": "/new", "value": "1"},
    ]


def test_missing_key_cannot_be_removed() -> None:
    with pytest.raises(PropertyNotFound):
        make_property_patch({}, PropertyChanges(remove=frozenset({"old"})))


def test_limit_counts_the_properties_after_the_change() -> None:
    changes = PropertyChanges({"b": "1"}, remove=frozenset({"a"}), limit=1)
    assert len(make_property_patch({"a": "1"}, changes)) == 2
    with pytest.raises(PropertyLimitExceeded):
        make_property_patch({"a": "1", "c": "1"}, changes)
