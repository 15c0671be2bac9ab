"""Views render any image that can be stored."""

import json

import orjson
from hypothesis import given
from hypothesis import strategies as st

from glimpse.compute.links import LinkBases
from glimpse.compute.metadata import render_metadata
from glimpse.compute.responses import plain_json
from glimpse.compute.views import detail_view
from glimpse.images import Image, image_from_document

LINK_BASES = LinkBases("http://c/v2.1", "http://c", "http://c/image")
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
KEYS = st.sampled_from(
    ("block_device_mapping", "mappings", "instance_uuid", "auto_disk_config", "kernel_id")
)
ODD_JSON = st.sampled_from(("1e999", "NaN", "9" * 5000, "[" * 5000, '"\\ud800"', "[1, {}]", "null"))
VALUES = st.one_of(TEXT, ODD_JSON, st.none(), st.recursive(st.integers(), st.lists).map(json.dumps))


@st.composite
def images(draw: st.DrawFn) -> Image:
    properties = draw(st.dictionaries(st.one_of(KEYS, TEXT.map("x_".__add__)), VALUES))
    base = {
        "id": "425db7b6-a76f-579b-b667-8801405d763c",
        "name": draw(st.one_of(st.none(), TEXT)),
        "status": draw(st.one_of(st.sampled_from(("active", "killed")), TEXT)),
        "size": draw(st.one_of(st.none(), st.integers(0, 2**62))),
        "created_at": "2024-01-01T00:00:00Z",
        "updated_at": "2024-01-01T00:00:00Z",
    }
    return image_from_document({**properties, **base})


@given(image=images())
def test_any_stored_image_has_a_full_document(image: Image) -> None:
    document = json.loads(orjson.dumps(detail_view(image, LINK_BASES, show_size=True)))
    assert document["metadata"].keys() == image.properties.keys()
    assert isinstance(document["OS-EXT-IMG-SIZE:size"], int)
    assert document["status"] in ("ACTIVE", "SAVING", "DELETED", "ERROR", "UNKNOWN")
    assert document["created"].endswith("Z")


@given(image=images())
def test_any_stored_properties_are_rendered_as_metadata(image: Image) -> None:
    shown = json.loads(plain_json({"metadata": render_metadata(image.properties)}))
    assert shown["metadata"].keys() == image.properties.keys()


def test_a_malformed_block_device_mapping_is_shown_as_it_is_stored() -> None:
    assert render_metadata({"block_device_mapping": "not json"}) == {
        "block_device_mapping": "not json"
    }


def test_a_view_without_the_size_omits_it() -> None:
    image = image_from_document(
        {
            "id": "425db7b6-a76f-579b-b667-8801405d763c",
            "status": "active",
            "created_at": "2024-01-01T00:00:00Z",
            "updated_at": "2024-01-01T00:00:00Z",
        }
    )
    assert "OS-EXT-IMG-SIZE:size" not in detail_view(image, LINK_BASES, show_size=False)
