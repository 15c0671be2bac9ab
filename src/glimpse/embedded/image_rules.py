"""The Image service's rules: who may do what to an image, and what may be written to one. Pure."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum

import orjson

from glimpse.embedded.catalog import Record
from glimpse.embedded.directory_store import StoredData
from glimpse.embedded.virtual_size import virtual_size
from glimpse.images import Action, Caller, Image, Permissions, PropertyChanges
from glimpse.images.errors import (
    Conflict,
    Forbidden,
    ImageNotFound,
    Invalid,
    PropertyLimitExceeded,
    PropertyNotFound,
)

RESERVED_PREFIX = "os_glance"  # the Image service keeps its own notes under such keys
# Characters of an image's properties as JSON: rendering more would block the event loop.
MOST_CHARACTERS = 1_000_000


class DefaultOwner(Enum):
    """Default for NewImage.owner: the caller's project."""

    CALLERS_PROJECT = "the caller's project"


@dataclass(frozen=True, slots=True)
class NewImage:
    """An image to be created. An `id` of None stands for a new one, an `owner` of None for none."""

    id: str | None = None
    name: str | None = None
    visibility: str = "shared"
    owner: str | DefaultOwner | None = DefaultOwner.CALLERS_PROJECT
    min_ram: int = 0
    min_disk: int = 0
    protected: bool = False
    os_hidden: bool = False
    disk_format: str | None = None
    container_format: str | None = None
    tags: tuple[str, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)


def current_time() -> str:
    """Return the time as images have it: ``2024-02-01T10:20:30Z``, in UTC."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def is_visible(caller: Caller, record: Record) -> bool:
    """Return True if the caller may see the image by its id.

    The record's membership is that of the caller's project. A member of any status may see the
    image, since it has to look before it accepts (the Image service's rule).
    """
    image, membership = record
    return (
        caller.is_admin
        or (image.owner is None and image.visibility != "private")
        or image.visibility in ("public", "community")
        or caller.project_id == image.owner
        or (image.visibility == "shared" and membership is not None)
    )


def may_edit(caller: Caller, image: Image) -> bool:
    """Return True if the caller may change or delete the image."""
    return caller.is_admin or (image.owner is not None and caller.project_id == image.owner)


def visible(caller: Caller, record: Record, permissions: Permissions) -> Image:
    """Return the record's image. Raises ImageNotFound if the caller may not see it."""
    if not is_visible(caller, record):
        raise ImageNotFound(record.image.id)
    permissions.check_visible(caller, record.image)
    return record.image


def editable(
    caller: Caller,
    record: Record,
    permissions: Permissions,
    action: Action = Action.MODIFY_IMAGE,
) -> Image:
    """Return the record's image. Raises ImageNotFound, or Forbidden if `action` is not allowed.

    Only its owner and an admin may change an image, whatever a policy rule says: as in Glance,
    where the database layer checks that after the policy.
    """
    image = visible(caller, record, permissions)
    permissions.check(caller, action, image)
    if not may_edit(caller, image):
        raise Forbidden(f"You are not permitted to modify image {image.id}.")
    return image


def deletable(caller: Caller, record: Record, permissions: Permissions) -> Image:
    """Return the record's image. Raises ImageNotFound, or Forbidden (also if it is protected)."""
    image = editable(caller, record, permissions, Action.DELETE_IMAGE)
    if image.protected:
        raise Forbidden(f"Image {image.id} is protected and cannot be deleted.")
    return image


def new_record(caller: Caller, new: NewImage, permissions: Permissions, *, now: str) -> Image:
    """Make the record of an image without data, in status queued. Raises Forbidden, Invalid."""
    owner = caller.project_id if new.owner is DefaultOwner.CALLERS_PROJECT else new.owner
    if owner != caller.project_id and not caller.is_admin:
        raise Forbidden("You are not permitted to create images owned by another project.")
    _check_reserved(new.properties)
    image = Image(
        id=(new.id or str(uuid.uuid4())).lower(),  # as get_image looks it up
        name=new.name,
        status="queued",
        visibility=new.visibility,
        owner=owner,
        size=None,
        virtual_size=None,
        min_ram=new.min_ram,
        min_disk=new.min_disk,
        protected=new.protected,
        os_hidden=new.os_hidden,
        disk_format=new.disk_format,
        container_format=new.container_format,
        checksum=None,
        os_hash_algo=None,
        os_hash_value=None,
        created_at=now,
        updated_at=now,
        tags_json=_json(sorted(set(new.tags))),
        properties_json=_json(dict(new.properties)),
    )
    permissions.check_create(caller, image)
    check_visibility(caller, image, image.visibility, permissions)
    _check_texts(image)
    check_size(image)
    return image


def updated(
    caller: Caller,
    record: Record,
    update: Callable[[Image], Image],
    permissions: Permissions,
    action: Action,
    *,
    now: str,
) -> Image:
    """Return what `update` makes of the image, dated `now` even if nothing else differs.

    Raises ImageNotFound, Forbidden without permission for `action` or for a change of owner or
    visibility, Invalid, and what `update` raises.
    """
    before = editable(caller, record, permissions, action)
    after = update(before)
    if after.owner != before.owner and not caller.is_admin:
        raise Forbidden("Only an admin may give an image away.")
    if after.visibility != before.visibility:
        check_visibility(caller, before, after.visibility, permissions)
    _check_texts(after)
    if len(after.properties_json) > len(before.properties_json):
        check_size(after)
    return after._replace(updated_at=now)


def with_properties(
    caller: Caller,
    record: Record,
    changes: PropertyChanges,
    permissions: Permissions,
    *,
    now: str,
) -> Image:
    """Return the image with its properties changed, dated `now` unless nothing changes.

    Raises what ImageService.change_properties raises, in the order that it documents.
    """
    image = visible(caller, record, permissions)
    before = image.properties
    properties = _changed(before, changes)
    _check_reserved(changes.set)
    permissions.check(caller, Action.MODIFY_IMAGE, image)
    if properties != before or image.visibility != "public":
        editable(caller, record, permissions)
    if properties == before:
        return image
    for key, value in changes.set.items():
        check_text(key, key)
        check_text(key, value)
    after = image._replace(properties_json=_json(properties), updated_at=now)
    if len(after.properties_json) > len(image.properties_json):
        check_size(after)
    return after


def with_status(image: Image, status: str, *, expected: tuple[str, ...], now: str) -> Image:
    """Return the image in another status. Raises Conflict unless its status is an expected one."""
    if image.status not in expected:
        raise Conflict(f"Image status transition from {image.status} to {status} is not allowed.")
    return image._replace(status=status, updated_at=now)


def with_data(image: Image, stored: StoredData, *, now: str) -> Image:
    """Return the image as active, with what is known of its data. Raises Conflict unless saving."""
    return with_status(image, "active", expected=("saving",), now=now)._replace(
        size=stored.size,
        virtual_size=virtual_size(image.disk_format, stored.head, stored.size),
        checksum=stored.checksum,
        os_hash_algo="sha512",
        os_hash_value=stored.os_hash_value,
    )


def check_text(name: str, text: str) -> None:
    """Raise Invalid, naming `name`, for text with a lone surrogate or a NUL character.

    A catalog cannot store the first, and other clients cannot read the second.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Invalid(f"{name!r} holds text that is not valid Unicode.") from None
    if "\0" in text:
        raise Invalid(f"{name!r} holds a NUL character.")


def check_size(image: Image) -> None:
    """Raise Invalid if the image's properties have more than MOST_CHARACTERS as JSON."""
    if len(image.properties_json) > MOST_CHARACTERS:
        raise Invalid(
            f"The properties of an image may have at most {MOST_CHARACTERS} characters in all."
        )


def _json(value: object) -> str:
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        raise Invalid("A tag or property holds text that is not valid Unicode.") from None


def check_visibility(
    caller: Caller, image: Image, visibility: str, permissions: Permissions
) -> None:
    """Raise Forbidden if the caller may not give the image that visibility."""
    if visibility == "public":
        permissions.check(caller, Action.PUBLICIZE_IMAGE, image)
    elif visibility == "community":
        permissions.check(caller, Action.COMMUNITIZE_IMAGE, image)


def _check_reserved(properties: Mapping[str, str]) -> None:
    if any(key.startswith(RESERVED_PREFIX) for key in properties):
        raise Forbidden(f"Properties that start with {RESERVED_PREFIX} are reserved.")


def _check_texts(image: Image) -> None:
    for text in _texts(image):
        check_text("image", text)


def _texts(image: Image) -> Iterator[str]:
    yield image.name or ""
    yield from image.tags
    for key, value in image.properties.items():
        yield key
        yield value or ""


def _changed(properties: dict[str, str | None], changes: PropertyChanges) -> dict[str, str | None]:
    """Return the properties as changed. Raises PropertyNotFound, PropertyLimitExceeded."""
    for key in changes.remove:
        if key not in properties:
            raise PropertyNotFound(key)
    kept = {
        key: value
        for key, value in properties.items()
        if key not in changes.remove and (not changes.replace or key in changes.keep)
    }
    changed = {**kept, **changes.set}
    counted = len(changed.keys() | changes.keep) + changes.counted
    if changes.limit is not None and counted > changes.limit:
        raise PropertyLimitExceeded(changes.limit)
    return changed
