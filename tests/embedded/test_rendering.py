"""Both APIs render any image that can be stored, alone and in a list."""

import asyncio
import json
import tempfile
import uuid
from pathlib import Path
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from glimpse.bulk_load.loading import load
from glimpse.compute.links import LinkBases
from glimpse.compute.views import detail_view
from glimpse.image_api.image_documents import image_document
from glimpse.image_api.image_schema import STATUSES, VISIBILITIES
from glimpse.images import BASE_ATTRIBUTES, ImageQuery
from tests.embedded.images import ADMIN, CREATED, images
from tests.support.embedded import IMAGE_FORMATS, open_images

LINK_BASES = LinkBases("http://c/v2.1", "http://c", "http://c/image")
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=255)
ODD = st.sampled_from(
    ("null", "NaN", "[" * 5000, "9" * 5000, '"\\ud800"', '{"a": null}', "\\u0000")
)
KEYS = st.one_of(
    st.sampled_from(("block_device_mapping", "mappings", "instance_uuid", "auto_disk_config", "")),
    TEXT.filter(lambda key: key not in BASE_ATTRIBUTES and key != "members"),
)
PROPERTIES = st.dictionaries(KEYS, st.one_of(TEXT, ODD, st.none()), max_size=5)
SIZES = st.one_of(st.none(), st.integers(0, 2**63 - 1))
NUMBERS = st.integers(0, 2**31 - 1)
ATTRIBUTES = st.fixed_dictionaries(
    {"status": st.sampled_from(STATUSES)},
    optional={
        "name": st.one_of(st.none(), TEXT),
        "owner": st.one_of(st.none(), TEXT),
        "visibility": st.sampled_from(VISIBILITIES),
        "size": SIZES,
        "virtual_size": SIZES,
        "min_ram": NUMBERS,
        "min_disk": NUMBERS,
        "protected": st.booleans(),
        "disk_format": st.one_of(st.none(), st.sampled_from(IMAGE_FORMATS.disk_formats)),
        "container_format": st.one_of(st.none(), st.sampled_from(IMAGE_FORMATS.container_formats)),
        "tags": st.lists(TEXT, max_size=3),
    },
)


@settings(max_examples=40)
@given(records=st.lists(st.tuples(PROPERTIES, ATTRIBUTES), min_size=1, max_size=8))
def test_loaded_image_is_shown_with_the_values_it_was_loaded_with(
    records: list[tuple[dict[str, str | None], dict[str, Any]]],
) -> None:
    documents = {
        str(uuid.UUID(int=number)): {**properties, **attributes}
        for number, (properties, attributes) in enumerate(records)
    }

    async def show(directory: Path) -> None:
        service = open_images(directory)
        dates = {"created_at": CREATED, "updated_at": CREATED}
        await load(service, ({**each, "id": key, **dates} for key, each in documents.items()))
        listed = await images(service, ADMIN, ImageQuery(visibility="all"))
        hidden = {"killed", "deleted"}
        assert {image.id for image in listed} == {
            key for key, each in documents.items() if each["status"] not in hidden
        }
        for image in [*listed, *[await service.get_image(ADMIN, key) for key in documents]]:
            document = documents[image.id]
            shown = json.loads(image_document(image))
            assert {key: shown[key] for key in document} == {
                key: "" if value is None and key not in BASE_ATTRIBUTES else value
                for key, value in document.items()
            }
            compute = json.loads(orjson.dumps(detail_view(image, LINK_BASES, show_size=True)))
            assert compute["metadata"].keys() == document.keys() - BASE_ATTRIBUTES
            assert compute["OS-EXT-IMG-SIZE:size"] == (document.get("size") or 0)
        await service.close()

    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(show(Path(directory)))
