"""The attributes and properties of a snapshot's image, by Compute's rules. Pure."""

from collections.abc import Mapping

from glimpse.embedded.image_changes import NewImage
from glimpse.images import BASE_ATTRIBUTES, RESERVED_PREFIX, Caller, Image
from glimpse.servers.server import Inheritance, Server

# Properties of an image that no snapshot inherits: those that Compute never copies, and the default
# of its option [DEFAULT] non_inheritable_image_properties.
_NOT_INHERITED = frozenset(
    (
        *("cache_in_nova", "bittorrent", "mappings", "block_device_mapping"),
        *("cinder_encryption_key_id", "cinder_encryption_key_deletion_policy"),
        *("img_signature", "img_signature_hash_method", "img_signature_key_type"),
        "img_signature_certificate_uuid",
    )
)
_MAX_INHERITED = 255  # characters: Compute cuts off the rest of an inherited value
# Compute does not store these properties if their value is empty or "none".
_DROPPED_WHEN_EMPTY = ("kernel_id", "ramdisk_id")


def inheritance_of(server: Server, base: Image | None) -> Inheritance:
    """Return what snapshots of a server inherit from `base`, the image the server was made of.

    `base` is None if the image no longer exists. The properties are those of `base`, then
    ``base_image_ref`` (`server.image_id`, or "" without one), and then those in
    `server.inheritance`. A later property replaces an earlier one with the same key. Of `base`,
    null properties, reserved properties and those in _NOT_INHERITED are left out, and values are
    cut off after 255 characters.

    `min_ram` is that of `base`; 0 without `base`. `min_disk` is the disk of the flavor, or that of
    `base` if it is larger.
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

    The caller's project owns the image. If the server belongs to the same project, the image is
    private. Otherwise the image is shared, so that the server's project can become a member.
    `min_ram` and `min_disk` are those in `server.inheritance`.

    The properties are those in `server.inheritance`, then ``instance_uuid``, ``user_id`` and
    ``image_type``, and then those in `metadata`. A later property replaces an earlier one with the
    same key. ``image_id`` and keys that are attributes of an image, such as ``name``, are left out.
    ``kernel_id`` and ``ramdisk_id`` are left out if they are empty or "none".
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
    """Return the properties that Compute adds when it stores the data of a snapshot.

    Their keys are ``image_location``, ``image_state`` and ``owner_id``, the server's project.
    """
    return {
        "image_location": "snapshot",
        "image_state": "available",
        "owner_id": server.project_id,
    }


def _is_stored(key: str, value: str) -> bool:
    if key in _DROPPED_WHEN_EMPTY and value.strip().lower() in ("", "none"):
        return False
    return key not in BASE_ATTRIBUTES and key != "image_id"
