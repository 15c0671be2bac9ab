"""Metadata in requests: what is rejected, and which properties change."""

from typing import Any

import orjson
import pytest

from glimpse.compute.faults import Fault
from glimpse.compute.metadata import check_storable, is_reserved, parse_body, property_changes
from glimpse.images import BASE_ATTRIBUTES
from tests.support.parameter_ids import parameter_id


def written(**metadata: Any) -> dict[str, str]:
    return dict(property_changes(metadata, BASE_ATTRIBUTES, replace=False, limit=128).set)


@pytest.mark.parametrize(
    "key", ["status", "created_at", "deleted", "schema", "os_glance", "os_glance_x"]
)
def test_keys_that_the_image_service_sets_are_reserved(key: str) -> None:
    assert is_reserved(key)
    assert is_reserved(f" {key}\n")
    assert not is_reserved(key.upper())


def test_white_space_around_a_key_is_dropped() -> None:
    assert written(**{" a ": "1", "b\n": "2", "name ": "no name"}) == {"a": "1", "b": "2"}


def test_the_key_image_id_is_accepted_and_not_stored() -> None:
    assert written(image_id="v", a="1") == {"a": "1"}


def test_an_empty_kernel_id_is_not_stored_but_counts_towards_the_quota() -> None:
    metadata = {"kernel_id": "", "ramdisk_id": " None ", "a": "1"}
    changes = property_changes(metadata, BASE_ATTRIBUTES, replace=True, limit=128)
    assert changes.set == {"a": "1"}
    assert changes.keep == {"kernel_id", "ramdisk_id"}


def test_the_legacy_api_accepts_any_value_if_no_key_has_the_usual_form() -> None:
    assert parse_body({"metadata": {"é": 1}}, "metadata", is_legacy=True) == {"é": 1}
    assert written(é=1) == {"é": "1"}
    with pytest.raises(Fault, match="key 'é'"):
        parse_body({"metadata": {"é": 1, "ok": "1"}}, "metadata", is_legacy=True)
    with pytest.raises(Fault, match="key 'é'"):
        parse_body({"metadata": {"é": 1}}, "metadata", is_legacy=False)


@pytest.mark.parametrize("metadata", [{"a": "\ud83d"}, {"\ude00": "a"}])
def test_a_lone_surrogate_is_rejected(metadata: dict[str, str]) -> None:
    with pytest.raises(Fault, match="Unicode"):
        check_storable(metadata)


@pytest.mark.parametrize("levels", [101, 300, 1020])
def test_a_value_that_is_nested_too_deeply_is_rejected(levels: int) -> None:
    """The requests for /v2 may have values that are not text."""
    nested = orjson.loads("[" * levels + "]" * levels)
    with pytest.raises(Fault, match="levels of nesting"):
        check_storable({"a": nested})
    check_storable({"a": orjson.loads("[" * 100 + "]" * 100)})


def test_a_key_without_spaces_takes_precedence_over_the_same_key_with_spaces() -> None:
    assert written(**{"a": "1", " a": "2"}) == {"a": "1"}
    assert written(**{" a": "2", "a": "1"}) == {"a": "1"}


@pytest.mark.parametrize(
    "text", ["", "x", "NaN", "[Infinity]", "1e400", '"\\ud800"', "[" * 2000], ids=parameter_id
)
def test_a_mapping_that_is_not_json_is_rejected(text: str) -> None:
    with pytest.raises(Fault, match="attribute mappings"):
        check_storable({"mappings": text})
    check_storable({"mappings": "[]"})
