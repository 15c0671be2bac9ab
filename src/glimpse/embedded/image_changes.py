"""Image changes: make new and changed images by the rules of the Image service. Pure.

The functions check permissions and return the image to store. `embedded.service` stores it.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum

import orjson

from glimpse.embedded.catalog import Record
from glimpse.embedded.content_check import ContentRules, check_and_measure
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

# The most characters of an image's properties as JSON. To render more would block the event loop.
MAX_CHARACTERS = 1_000_000


class DefaultOwner(Enum):
    """The default of NewImage.owner: the caller's project.

    The default is not None, because an owner of None means that no project owns the image.
    """

    CALLERS_PROJECT = "the caller's project"


@dataclass(frozen=True, slots=True)
class NewImage:
    """An image to be created, without data.

    `id` is a UUID; if it is None, a new UUID is made. `owner` is the id of a project; None means
    that no project owns the image. By default, the caller's project owns the image. `min_ram` is in
    MiB, `min_disk` in GiB.
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
    """Return the current time in UTC as an image has it: ``2024-02-01T10:20:30Z``."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def new_image(caller: Caller, new: NewImage, permissions: Permissions, *, now: str) -> Image:
    """Return a new image without data, in status queued. Both dates are `now`.

    The id is in lower case. The tags are sorted and unique. Formats and quotas are not checked.

    - Raises Forbidden if the caller has no project or may not create an image of this visibility.
    - Raises Forbidden if the owner is not the caller's project and the caller is no admin.
    - Raises Forbidden if the key of a property is reserved.
    - Raises Invalid if the name, a tag or a property has a lone surrogate or a NUL character.
    - Raises Invalid if the properties have more than 1,000,000 characters as JSON.
    """
    owner = _owner_of_new_image(caller, new)
    _check_reserved(new.properties)
    image = Image(
        id=(new.id or str(uuid.uuid4())).lower(),  # get_image looks ids up in lower case
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
    """Return the owner of a new image; None if no project owns the image.

    Raises Forbidden if the owner is not the caller's project and the caller is no admin.
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
    """Return the record's image as `update` changes it, with `now` as its ``updated_at``.

    ``updated_at`` changes even if `update` changes nothing. `update` is called only if the caller
    may do `action` to the image. Raises these errors, and what `update` raises:

    - ImageNotFound if the caller may not see the image.
    - Forbidden if the caller has no permission for `action`; if the caller neither owns the image
      nor is an admin; if the caller may not give the image its new visibility; or if the owner
      changes and the caller is no admin.
    - Invalid if the name, a tag or a property has a lone surrogate or a NUL character.
    - Invalid if the properties have more than 1,000,000 characters as JSON, and more than before.

    Does not check other values, nor reserved keys of properties.
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

    If no property changes, returns the image unchanged. Raises the first of these errors that
    applies:

    - ImageNotFound if the caller may not see the image.
    - PropertyNotFound if the image lacks a key in `changes.remove`.
    - PropertyLimitExceeded if the image would have more than `changes.limit` properties.
    - Forbidden if a key is reserved, or if the caller has no permission to modify the image.
    - Forbidden if the caller neither owns the image nor is an admin. This check is left out if the
      image is public and no property changes.
    - Invalid if a text in `changes.set` has a lone surrogate or a NUL character.
    - Invalid if the properties have more than 1,000,000 characters as JSON, and more than before.
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

    Raises Conflict if the present status of the image is not in `expected`.
    """
    if image.status not in expected:
        raise Conflict(f"Image status transition from {image.status} to {status} is not allowed.")
    return image._replace(status=status, updated_at=now)


def with_data(image: Image, stored: StoredData, rules: ContentRules, *, now: str) -> Image:
    """Return the image in status active, with the sizes and digests of its data.

    `now` becomes ``updated_at``. ``virtual_size`` is the size of the disk in bytes; None if it is
    unknown. Raises Conflict if the present status is neither saving nor importing. Raises
    InvalidImageData if `rules` do not allow such data in an image of this disk format.
    """
    return with_status(image, "active", expected=("saving", "importing"), now=now)._replace(
        size=stored.size,
        virtual_size=check_and_measure(
            image.disk_format, image.container_format, stored.formats, stored.size, rules
        ),
        checksum=stored.checksum,
        os_hash_algo="sha512",
        os_hash_value=stored.os_hash_value,
    )


def check_text(name: str, text: str) -> None:
    """Raise Invalid if `text` has a lone surrogate or a NUL character.

    A catalog cannot store a lone surrogate, and some clients cannot read a NUL character. In the
    message of the error, `name` says which text is invalid.
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
    """Raise Invalid if the name, a tag, or a property has a lone surrogate or a NUL character."""
    for text in _texts(image):
        check_text("image", text)


def _texts(image: Image) -> Iterator[str]:
    yield image.name or ""
    yield from image.tags
    for key, value in image.properties.items():
        yield key
        yield value or ""
