"""Handlers of operations with an image service in memory."""

from typing import Any

import pytest

from glimpse.compute.faults import Fault, fault_from_error
from glimpse.images import Caller
from glimpse.images.errors import ImageServiceError
from tests.compute.requests import LINK_BASES, make_operations, make_request, read_document
from tests.support.memory_image_service import MemoryImageService

OWNER = Caller("user", "project", frozenset(("member",)))
STRANGER = Caller("other", "other-project", frozenset(("member",)))


async def perform(
    service: MemoryImageService, operation: str, caller: Caller = OWNER, **request: Any
) -> tuple[int, Any]:
    """Perform an operation; return the status, and the document or the message of the fault."""
    try:
        operations = make_operations(service, metadata_items=3)
        response = await getattr(operations, operation)(make_request(caller, **request))
    except (Fault, ImageServiceError) as error:
        fault = error if isinstance(error, Fault) else fault_from_error(error)
        return fault.status, fault.message
    return response.status, await read_document(response)


async def test_list_images_shows_newest_images_first_with_a_link_to_the_next_page() -> None:
    service = MemoryImageService()
    _, second, third = (service.create_image(OWNER, name) for name in "abc")
    status, document = await perform(service, "list_images", query_string=b"limit=2&name=&x=1")
    assert (status, document) == (200, {"images": []})
    status, document = await perform(service, "list_images", query_string=b"limit=2&x=1")
    assert status == 200
    assert [image["name"] for image in document["images"]] == ["c", "b"]
    assert document["images"][0].keys() == {"id", "name", "links"}
    assert document["images"][0]["id"] == third.id
    href = f"{LINK_BASES.versioned}/images?limit=2&marker={second.id}"
    assert document["images_links"] == [{"rel": "next", "href": href}]


async def test_list_images_detail_shows_metadata() -> None:
    service = MemoryImageService()
    service.create_image(OWNER, properties={"colour": "blue"})
    _, document = await perform(service, "list_images_detail")
    assert [image["metadata"] for image in document["images"]] == [{"colour": "blue"}]


@pytest.mark.parametrize(
    "operation", ["show_image", "delete_image", "list_metadata", "delete_metadata_item"]
)
async def test_an_image_of_another_project_is_not_found(operation: str) -> None:
    service = MemoryImageService()
    image = service.create_image(OWNER)
    response = await perform(service, operation, STRANGER, image_id=image.id, key="colour")
    assert response == (404, "Image not found.")


async def test_delete_image_of_a_public_image_of_another_project_is_forbidden() -> None:
    service = MemoryImageService()
    image = service.create_image(OWNER, visibility="public")
    response = await perform(service, "delete_image", STRANGER, image_id=image.id)
    assert response == (403, "You are not allowed to delete the image.")
    assert await perform(service, "delete_image", image_id=image.id) == (204, None)


async def test_create_metadata_merges_and_replace_metadata_replaces() -> None:
    service = MemoryImageService()
    image_id = service.create_image(OWNER, properties={"a": "1"}).id
    body = {"metadata": {"b": "2"}}
    merged = await perform(service, "create_metadata", image_id=image_id, body=body)
    assert merged == (200, {"metadata": {"a": "1", "b": "2"}})
    replaced = await perform(service, "replace_metadata", image_id=image_id, body=body)
    assert replaced == (200, body)
    assert await perform(service, "list_metadata", image_id=image_id) == (200, body)


async def test_more_metadata_items_than_allowed_are_refused() -> None:
    service = MemoryImageService()
    image_id = service.create_image(OWNER, properties={"a": "1"}).id
    body = {"metadata": {"b": "2", "c": "3", "d": "4"}}
    refused = await perform(service, "create_metadata", image_id=image_id, body=body)
    assert refused == (403, "Image metadata limit exceeded")
    assert (await service.get_image(OWNER, image_id)).properties == {"a": "1"}


async def test_a_key_that_the_image_service_reserves_is_not_authorized() -> None:
    service = MemoryImageService()
    image_id = service.create_image(OWNER).id
    body = {"meta": {"os_glance_x": "1"}}
    response = await perform(
        service, "set_metadata_item", image_id=image_id, key="os_glance_x", body=body
    )
    assert response == (403, f"Not authorized for image {image_id}.")


async def test_set_metadata_item_needs_the_key_of_the_path_in_the_body() -> None:
    service = MemoryImageService()
    image_id = service.create_image(OWNER).id
    body = {"meta": {"a": "1"}}
    response = await perform(service, "set_metadata_item", image_id=image_id, key="b", body=body)
    assert response == (400, "Request body and URI mismatch")


@pytest.mark.parametrize("key", ["name", "status", "missing"])
async def test_delete_metadata_item_of_an_attribute_or_a_missing_key_is_not_found(key: str) -> None:
    service = MemoryImageService()
    image_id = service.create_image(OWNER, "a").id
    response = await perform(service, "delete_metadata_item", image_id=image_id, key=key)
    assert response == (404, "Invalid metadata key")


async def test_show_version_names_the_version_of_the_path() -> None:
    for root, version in (("/v2", "v2.0"), ("/v2.1", "v2.1")):
        _, document = await perform(MemoryImageService(), "show_version", version_root=root)
        assert document["version"]["id"] == version
