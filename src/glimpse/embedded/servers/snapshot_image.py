"""What the image of a snapshot has, by the rules of Compute. Pure."""

from collections.abc import Mapping

from glimpse.embedded.image_changes import NewImage
from glimpse.images import BASE_ATTRIBUTES, RESERVED_PREFIX, Caller, Image
from glimpse.servers.server import Inheritance, Server

# Properties of an image that no snapshot inherits: Compute's own, and its default of
# [DEFAULT] non_inheritable_image_properties.
_NOT_INHERITED = frozenset(
    (
        *("cache_in_nova", "bittorrent", "mappings", "block_device_mapping"),
        *("cinder_encryption_key_id", "cinder_encryption_key_deletion_policy"),
        *("img_signature", "img_signature_hash_method", "img_signature_key_type"),
        "img_signature_certificate_uuid",
    )
)
_MAX_INHERITED = 255  # characters of a value that Compute keeps of an image's property
# Compute does not store these if their value is empty or "none".
_DROPPED_WHEN_EMPTY = ("kernel_id", "ramdisk_id")


def inheritance_of(server: Server, base: Image | None) -> Inheritance:
    """Return what snapshots of a server inherit of `base`, the image that it was made of.

    `base` is None if that image does not exist any more. The properties that the server inherits
    already take precedence.
    """
    properties = {"base_image_ref": server.image_id or "", **server.inheritance.properties}
    if base is None:
        return Inheritance(properties, 0, server.flavor.disk)
    inherited = {
        key: value[:_MAX_INHERITED]
        for key, value in base.properties.items()
        if value is not None and key not in _NOT_INHERITED and not key.startswith(RESERVED_PREFIX)
    }
    return Inheritance(
        {**inherited, **properties}, base.min_ram, max(base.min_disk, server.flavor.disk)
    )


def new_snapshot(
    caller: Caller, server: Server, image_id: str, name: str, metadata: Mapping[str, str]
) -> NewImage:
    """Return the image of a snapshot that `caller` makes of a server.

    If the server is another project's, the visibility is "shared", so that its project can become a
    member; otherwise "private". Keys of an image's attributes in `metadata` are left out, as when
    metadata of an image is written.
    """
    properties = {
        **server.inheritance.properties,
        "instance_uuid": server.id,
        "user_id": caller.user_id,
        "image_type": "snapshot",
        **metadata,
    }
    is_own = caller.project_id == server.project_id
    return NewImage(
        id=image_id,
        name=name,
        visibility="private" if is_own else "shared",
        min_ram=server.inheritance.min_ram,
        min_disk=server.inheritance.min_disk,
        properties={key: value for key, value in properties.items() if _is_stored(key, value)},
    )


def saved_properties(server: Server) -> dict[str, str]:
    """Return the properties that Compute sets when it saves a snapshot."""
    return {
        "image_location": "snapshot",
        "image_state": "available",
        "owner_id": server.project_id,
    }


def _is_stored(key: str, value: str) -> bool:
    if key in _DROPPED_WHEN_EMPTY and value.strip().lower() in ("", "none"):
        return False
    return key not in BASE_ATTRIBUTES and key != "image_id"
