"""Property changes have the same effect as on a dictionary."""

import asyncio
import tempfile
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glimpse.embedded.image_changes import NewImage
from glimpse.images import Caller, PropertyChanges
from glimpse.images.errors import ImageNotFound, Invalid, PropertyLimitExceeded, PropertyNotFound
from tests.support.embedded import open_images

OWNER = Caller("user", "project", frozenset(("member",)))
LIMIT = 4
KEYS = st.sampled_from(("a", "b", "c", "d", "e", "f"))
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)
CHANGES = st.one_of(
    st.builds(
        PropertyChanges,
        set=st.dictionaries(KEYS, TEXT, max_size=5),
        replace=st.booleans(),
        keep=st.frozensets(KEYS, max_size=1),
        limit=st.just(LIMIT),
    ),
    st.builds(PropertyChanges, remove=st.frozensets(KEYS, min_size=1, max_size=1)),
)


def changed(model: dict[str, str | None], changes: PropertyChanges) -> dict[str, str | None]:
    """Return a dictionary with the changes applied; raise the errors of the service."""
    if not changes.remove <= model.keys():
        raise PropertyNotFound(next(iter(changes.remove)))
    after = {key: value for key, value in model.items() if key not in changes.remove}
    if changes.replace:
        after = {key: value for key, value in after.items() if key in changes.keep}
    after.update(changes.set)
    if changes.limit is not None and len(after.keys() | changes.keep) > LIMIT:
        raise PropertyLimitExceeded(LIMIT)
    return after


@settings(max_examples=40)
@given(steps=st.lists(CHANGES, max_size=12))
def test_any_sequence_of_changes_equals_a_plain_dictionary(steps: list[PropertyChanges]) -> None:
    async def run(directory: Path) -> None:
        service = open_images(directory)
        try:
            image = await service.create_image(OWNER, NewImage(name="model"))
            model: dict[str, str | None] = {}
            for step in steps:
                try:
                    after = changed(model, step)
                except (PropertyNotFound, PropertyLimitExceeded) as expected:
                    with pytest.raises(type(expected)):
                        await service.change_properties(OWNER, image.id, step)
                else:
                    model = after
                    image_after = await service.change_properties(OWNER, image.id, step)
                    assert image_after.properties == model
                stored = await service.get_image(OWNER, image.id)
                assert stored.properties == model
        finally:
            await service.close()

    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(run(Path(directory)))


async def test_concurrent_writers_of_different_keys_lose_nothing(tmp_path: Path) -> None:
    service = open_images(tmp_path)
    image = await service.create_image(OWNER, NewImage(name="busy"))
    keys = [f"key{number}" for number in range(200)]
    await asyncio.gather(
        *(
            service.change_properties(OWNER, image.id, PropertyChanges(set={key: key}))
            for key in keys
        )
    )
    stored = await service.get_image(OWNER, image.id)
    await service.close()
    assert stored.properties == {key: key for key in keys}


async def test_property_may_hold_an_escape_sequence_but_no_nul(tmp_path: Path) -> None:
    service = open_images(tmp_path)
    image = await service.create_image(OWNER, NewImage(properties={"path": "C:\\u0000"}))
    stored = await service.get_image(OWNER, image.id)
    with pytest.raises(Invalid, match="NUL"):
        await service.change_properties(OWNER, image.id, PropertyChanges(set={"a": "x\0"}))
    with pytest.raises(ImageNotFound):
        await service.change_properties(OWNER, str(uuid4()), PropertyChanges(set={"a": "x\0"}))
    await service.close()
    assert stored.properties == {"path": "C:\\u0000"}
