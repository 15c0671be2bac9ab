"""Metadata operations have the same effect as on a dictionary."""

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from glimpse.compute.faults import Fault, fault_from_error
from glimpse.compute.image_operations import ImageOperations
from glimpse.compute.responses import Response
from glimpse.images import Caller
from glimpse.images.errors import ImageServiceError
from tests.compute.requests import make_operations, make_request, read_document
from tests.support.memory_image_service import MemoryImageService

OWNER = Caller("user", "project", frozenset(("member",)))
MAX_ITEMS = 4  # items
Model = dict[str, str]
KEYS = st.sampled_from(("a", "b", "C d", "x.y:z", "os_type", "k" * 255))
VALUES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=255)
METADATA = st.dictionaries(KEYS, VALUES, max_size=MAX_ITEMS + 1)
STEPS = st.one_of(
    st.tuples(st.just("create_metadata"), st.just(""), METADATA),
    st.tuples(st.just("replace_metadata"), st.just(""), METADATA),
    st.tuples(st.just("set_metadata_item"), KEYS, VALUES),
    st.tuples(st.just("show_metadata_item"), KEYS, st.none()),
    st.tuples(st.just("delete_metadata_item"), KEYS, st.none()),
)


def expected(model: Model, operation: str, key: str, value: Any) -> tuple[int, Any, Model]:
    """Return the status, the document and the dictionary after an operation."""
    if operation == "show_metadata_item":
        return (200, {"meta": {key: model[key]}}, model) if key in model else (404, None, model)
    if operation == "delete_metadata_item":
        if key not in model:
            return 404, None, model
        return 204, None, {other: model[other] for other in model if other != key}
    new = {key: value} if operation == "set_metadata_item" else value
    after = new if operation == "replace_metadata" else {**model, **new}
    if len(after) > MAX_ITEMS:
        return 403, None, model
    if operation == "set_metadata_item":
        return 200, {"meta": new}, after
    return 200, {"metadata": after}, after


async def perform(
    operations: ImageOperations, image_id: str, operation: str, key: str, value: Any
) -> tuple[int, Any]:
    body = {"meta": {key: value}} if operation == "set_metadata_item" else {"metadata": value}
    request = make_request(OWNER, body=body, image_id=image_id, key=key)
    try:
        response: Response = await getattr(operations, operation)(request)
    except Fault as fault:
        return fault.status, None
    except ImageServiceError as error:
        return fault_from_error(error).status, None
    return response.status, await read_document(response)


@settings(max_examples=60)
@given(steps=st.lists(STEPS, max_size=12))
def test_any_sequence_of_operations_has_the_same_effect_as_on_a_dictionary(
    steps: list[tuple[str, str, Any]],
) -> None:
    async def run() -> None:
        service = MemoryImageService()
        operations = make_operations(service, metadata_items=MAX_ITEMS)
        image = service.create_image(OWNER, "model")
        model: Model = {}
        for step in steps:
            status, document, model = expected(model, *step)
            assert await perform(operations, image.id, *step) == (status, document)
            listed = await perform(operations, image.id, "list_metadata", "", None)
            assert listed == (200, {"metadata": model})

    asyncio.run(run())
