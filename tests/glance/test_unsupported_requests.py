"""Which contents of a request cause a 500 of Glance, and which do not."""

import pytest

from glimpse.glance.unsupported_requests import diagnose_properties, diagnose_query
from glimpse.image_api.list_query import parse_filters


@pytest.mark.parametrize(
    ("key", "value", "quoted"),
    [
        ("locations", "x", "'locations'"),
        ("ram_max", "1", "'ram_max'"),
    ],
)
def test_filter_that_glance_cannot_handle_is_named(key: str, value: str, quoted: str) -> None:
    assert quoted in (diagnose_query(parse_filters([(key, value)])) or "")


@pytest.mark.parametrize("key", ["size_min", "os_distro", "min_ram", "name"])
def test_other_filters_are_no_cause(key: str) -> None:
    assert diagnose_query(parse_filters([(key, "1")])) is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("KEY1", "v"),
        ("k\u00e9y1", "v"),
        ("__class__", "v"),
        ("extra_properties", "v"),
        ("k" * 256, "v"),
        ("k", "v" * 65_536),
        ("k", "a\0b"),
    ],
)
def test_property_that_glance_cannot_store_is_named(key: str, value: str) -> None:
    assert repr(key) in (diagnose_properties({"key1": "value"}, {"good": "x", key: value}) or "")


def test_new_keys_that_differ_in_case_only_are_named() -> None:
    explanation = diagnose_properties({}, {"os": "a", "OS": "b"})
    assert explanation == "The Image service cannot tell the key 'OS' from 'os'."


def test_properties_that_the_image_has_are_no_cause() -> None:
    properties = {"key1": "a", "KEY1": "b", "__class__": "c"}
    assert diagnose_properties(properties, {"key1": "x", "KEY1": "y", "__class__": "c"}) is None
