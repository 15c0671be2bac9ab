"""Image changes: make new and changed images by the rules of the Image service. Pure.

The functions check permissions, and return the image to store; `embedded.service` stores it.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum

import orjson

from glimpse.embedded.catalog import Record
from glimpse.embedded.content_check import ContentRules, check_content
from glimpse.embedded.directory_store import StoredData
from glimpse.embedded.image_permissions import check_visibility, require_editable, require_visible
from glimpse.images import (
    RESERVED_PREFIX,
    Action,
    Caller,
    Image,
    Permissions,
    PropertyChanges,
    apply_changes,
)
from glimpse.images.errors import (
    Conflict,
    Forbidden,
    Invalid,
)

# The most characters of an image's properties as JSON: rendering more blocks the event loop.
MAX_CHARACTERS = 1_000_000


class DefaultOwner(Enum):
    """The default of NewImage.owner: the caller's project.

    It is not None, because None means that no project owns the image.
    """

    CALLERS_PROJECT = "the caller's project"


@dataclass(frozen=True, slots=True)
class NewImage:
    """An image to be created, without data.

    `id` is a UUID; None generates one. `owner` None is an image that no project owns; by default,
    the caller's project does.
    """

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
    """Return the current time as a date of an image: ``2024-02-01T10:20:30Z``, in UTC."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def new_image(caller: Caller, new: NewImage, permissions: Permissions, *, now: str) -> Image:
    """Return a new image without data, in status queued, with `now` as its dates.

    Its id is in lower case; its tags are sorted, each once. Other values are not validated, but for
    these errors:

    - Forbidden: the caller may not create the image, or not with its visibility; the owner is None
      or another project than the caller's, and the caller no admin; a key of a property starts with
      RESERVED_PREFIX.
    - Invalid: text cannot be stored (see `check_text`); properties are too large (`check_size`).
    """
    owner = _owner_of_new_image(caller, new)
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


def _owner_of_new_image(caller: Caller, new: NewImage) -> str | None:
    """Return the owner of a new image: `new.owner`, by default the caller's project.

    None means that no project owns it. Raises Forbidden for any owner but the caller's project,
    unless the caller is an admin.
    """
    owner = caller.project_id if new.owner is DefaultOwner.CALLERS_PROJECT else new.owner
    if owner != caller.project_id and not caller.is_admin:
        raise Forbidden("You are not permitted to create images owned by another project.")
    return owner


def apply_update(
    caller: Caller,
    record: Record,
    update: Callable[[Image], Image],
    permissions: Permissions,
    action: Action,
    *,
    now: str,
) -> Image:
    """Return what `update` makes of the record's image, with `now` as its ``updated_at``.

    ``updated_at`` changes even if nothing else does. Raises ImageNotFound if the caller may not see
    the image. Raises Forbidden if the caller neither owns it nor is an admin, without the
    permission for `action` or the new visibility, and for a new owner unless the caller is an
    admin. Raises Invalid for text that cannot be stored, and for properties that grow beyond
    MAX_CHARACTERS; and what `update` raises. Other values, and reserved keys of properties, are not
    checked.
    """
    before = require_editable(caller, record, permissions, action)
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
    """Return the record's image with `changes` applied, and `now` as its ``updated_at``.

    If no property changes, neither does ``updated_at``. The first error that applies is raised:
    ImageNotFound if the caller may not see the image; PropertyNotFound for a missing key of
    `changes.remove`; PropertyLimitExceeded for more than `changes.limit` properties; Forbidden for
    a reserved key, without permission, or if the caller neither owns the image nor is an admin;
    Invalid for text that cannot be stored, and for properties that grow beyond MAX_CHARACTERS.
    Changes that leave a public image as it is need the permission only.
    """
    image = require_visible(caller, record, permissions)
    before = image.properties
    properties = apply_changes(before, changes)
    _check_reserved((*changes.set, *changes.remove))
    permissions.check(caller, Action.MODIFY_IMAGE, image)
    if properties != before or image.visibility != "public":
        require_editable(caller, record, permissions)
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
    """Return the image in the status `status`, with `now` as its ``updated_at``.

    Raises Conflict unless its present status is one of `expected`.
    """
    if image.status not in expected:
        raise Conflict(f"Image status transition from {image.status} to {status} is not allowed.")
    return image._replace(status=status, updated_at=now)


def with_data(image: Image, stored: StoredData, rules: ContentRules, *, now: str) -> Image:
    """Return the image in status active, with the sizes and digests of its data.

    `now` is its new ``updated_at``. Raises Conflict unless its present status is saving or
    importing, and InvalidImageData for data that `rules` do not allow for the formats of the image.
    """
    return with_status(image, "active", expected=("saving", "importing"), now=now)._replace(
        size=stored.size,
        virtual_size=check_content(
            image.disk_format, image.container_format, stored.formats, stored.size, rules
        ),
        checksum=stored.checksum,
        os_hash_algo="sha512",
        os_hash_value=stored.os_hash_value,
    )


def check_text(name: str, text: str) -> None:
    """Raise Invalid for text with a lone surrogate or a NUL character; the message has `name`.

    A catalog cannot store the first, and some clients cannot read the second.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Invalid(f"{name!r} holds text that is not valid Unicode.") from None
    if "\0" in text:
        raise Invalid(f"{name!r} holds a NUL character.")


def check_size(image: Image) -> None:
    """Raise Invalid if the image's properties have more than 1,000,000 characters as JSON."""
    if len(image.properties_json) > MAX_CHARACTERS:
        raise Invalid(
            f"The properties of an image may have at most {MAX_CHARACTERS} characters in all."
        )


def _json(value: object) -> str:
    """Return tags or properties as JSON. Raises Invalid for text with a lone surrogate."""
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        raise Invalid("A tag or property holds text that is not valid Unicode.") from None


def _check_reserved(keys: Iterable[str]) -> None:
    """Raise Forbidden if a key starts with RESERVED_PREFIX (``os_glance``)."""
    if any(key.startswith(RESERVED_PREFIX) for key in keys):
        raise Forbidden(f"Properties that start with {RESERVED_PREFIX} are reserved.")


def _check_texts(image: Image) -> None:
    """Raise Invalid if the name, a tag or a property of the image cannot be stored."""
    for text in _texts(image):
        check_text("image", text)


def _texts(image: Image) -> Iterator[str]:
    yield image.name or ""
    yield from image.tags
    for key, value in image.properties.items():
        yield key
        yield value or ""
