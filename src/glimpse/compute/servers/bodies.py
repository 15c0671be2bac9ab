"""Parse the JSON bodies of requests for servers."""

import re
import unicodedata
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

from glimpse.compute.faults import Fault
from glimpse.compute.metadata import check_storable, is_reserved, parse_body
from glimpse.servers.service import NewServer

_MAX_LENGTH = 255
_NETWORKS_REQUIRED = 37  # from microversion 2.37
_LATER_ATTRIBUTES = {"description": 19, "tags": 52}  # with the minor version that added each
_MAX_TAGS = 50
_TAG = re.compile(r"[^,/]{1,60}")
# The attributes of a new server: those that are parsed or checked, and those that may have any
# value, because they have no effect where there is no machine and no network.
_CHECKED = frozenset(
    (
        *("name", "imageRef", "flavorRef", "metadata", "key_name", "description", "tags"),
        *("availability_zone", "min_count", "max_count", "block_device_mapping_v2", "networks"),
    )
)
_UNCHECKED = frozenset(
    (
        *("security_groups", "user_data", "config_drive", "adminPass", "personality", "hostname"),
        *("OS-DCF:diskConfig", "accessIPv4", "accessIPv6", "return_reservation_id"),
    )
)
# The action that is offered, and the other actions of Compute, which are 501.
CREATE_IMAGE = "createImage"
_OTHER_ACTIONS = frozenset(
    (
        *("addFixedIp", "addFloatingIp", "addSecurityGroup", "changePassword", "confirmResize"),
        *("createBackup", "evacuate", "forceDelete", "injectNetworkInfo", "lock", "migrate"),
        *("os-getConsoleOutput", "os-getRDPConsole", "os-getSPICEConsole", "os-getSerialConsole"),
        *("os-getVNCConsole", "os-migrateLive", "os-resetState", "os-start", "os-stop", "pause"),
        *("reboot", "rebuild", "removeFixedIp", "removeFloatingIp", "removeSecurityGroup"),
        *("rescue", "resetNetwork", "resize", "restore", "resume", "revertResize", "shelve"),
        *("shelveOffload", "suspend", "trigger_crash_dump", "unlock", "unpause", "unrescue"),
        "unshelve",
    )
)


class CreateImage(NamedTuple):
    """The name and the metadata of the image that the action createImage makes."""

    name: str
    metadata: Mapping[str, str]


def parse_create_image(body: Any, *, is_legacy: bool) -> CreateImage:
    """Parse the body of ``POST /servers/{id}/action``: ``{"createImage": {"name": ...}}``.

    White space around metadata keys is removed. If two keys become the same, the last one counts.
    With `is_legacy` (``/v2``), spaces around the image's name are removed, and unknown attributes
    are ignored. Without `is_legacy`, such a name or attribute raises a 400 fault.

    Raises a 501 fault for an action of Compute other than createImage. Raises a 400 fault for an
    unknown action, for a body without exactly one action, and for a name or metadata that are not
    valid. The number of metadata items is not checked, nor whether keys are reserved: call
    `check_not_reserved`.
    """
    if not isinstance(body, dict) or len(body) != 1:
        raise Fault(400, "Malformed request body")
    ((action, entity),) = body.items()
    if action in _OTHER_ACTIONS:
        raise Fault(501, f"The action {action} is not implemented here, but only {CREATE_IMAGE}.")
    if action != CREATE_IMAGE:
        raise Fault(400, f"There is no such action: {action}")
    attributes = _parse_object(CREATE_IMAGE, entity, required=("name",))
    if not is_legacy:
        _check_additional(CREATE_IMAGE, attributes, frozenset(("name", "metadata")))
    name = _parse_name(attributes["name"], is_legacy=is_legacy)
    metadata = _parse_metadata(attributes)
    return CreateImage(name, {key.strip(): value for key, value in metadata.items()})


def check_not_reserved(metadata: Mapping[str, str]) -> None:
    """Raise a 403 fault if `metadata` has a key that the Image service lets no client set."""
    for key in metadata:
        if is_reserved(key):
            raise Fault(403, f"The metadata key {key} is reserved by the Image service.")


def parse_create_server(body: Any, minor: int, *, is_legacy: bool) -> NewServer:
    """Parse the body of ``POST /servers`` at the microversion 2.`minor`.

    ``name`` and ``flavorRef`` are required; from 2.37 on, ``networks``, too. ``description`` is
    unknown before 2.19, ``tags`` before 2.52. With `is_legacy` (``/v2``), spaces around the name
    are removed, and unknown attributes are ignored. Without `is_legacy`, such a name or attribute
    raises a 400 fault. Keys beside ``server`` are always ignored. A repeated tag counts once. The
    attributes in _UNCHECKED, such as user data, are not checked.

    Raises a 400 fault for a body that is not valid. Raises a 501 fault if the body asks for several
    servers, for a volume, or for a device that is not made from an image. Does not check whether
    the image and the flavor exist, nor how many metadata items there are.
    """
    if not isinstance(body, dict) or "server" not in body:
        raise Fault(400, "'server' is a required property")
    required = ("name", "flavorRef", *(("networks",) if minor >= _NETWORKS_REQUIRED else ()))
    server = _parse_object("server", body["server"], required)
    too_early = {name for name, since in _LATER_ATTRIBUTES.items() if minor < since}
    if is_legacy:
        server = {key: value for key, value in server.items() if key not in too_early}
    else:
        _check_additional("server", server, (_CHECKED | _UNCHECKED) - too_early)
    name = _parse_name(server["name"], is_legacy=is_legacy)
    metadata = _parse_metadata(server)
    _check_networks(server.get("networks", []))
    _check_single_server(server)
    return NewServer(
        name=name,
        image_id=_parse_image_ref(server),
        flavor_id=_parse_flavor_ref(server["flavorRef"]),
        metadata=metadata,
        key_name=_parse_text(server, "key_name"),
        description=_parse_text(server, "description"),
        availability_zone=_parse_text(server, "availability_zone"),
        tags=_parse_tags(server.get("tags", [])),
    )


def _parse_object(name: str, value: Any, required: tuple[str, ...]) -> dict[str, Any]:
    """Return `value` if it is an object with all attributes in `required`.

    Raises a 400 fault for any other value. `name` is the attribute of the body that has the value,
    such as ``server``, for the message.
    """
    if not isinstance(value, dict):
        raise _invalid(name, "It must be an object.")
    for attribute in required:
        if attribute not in value:
            raise _invalid(name, f"'{attribute}' is a required property")
    return value


def _check_additional(name: str, value: Mapping[str, Any], allowed: frozenset[str]) -> None:
    extra = [attribute for attribute in value if attribute not in allowed]
    if extra:
        names = ", ".join(repr(attribute) for attribute in extra)
        raise _invalid(name, f"Additional properties are not allowed ({names} unexpected)")


def _parse_name(name: Any, *, is_legacy: bool) -> str:
    """Return a name: 1 to 255 printable characters, without white space at its ends.

    With `is_legacy`, spaces at the ends are removed. Raises a 400 fault for any other value, for
    example with a tab or a newline.
    """
    if not isinstance(name, str):
        raise _invalid("name", "It must be a string.")
    if not 1 <= len(name) <= _MAX_LENGTH:
        raise _invalid("name", f"It must have 1 to {_MAX_LENGTH} characters.")
    stripped: str = name.strip()
    has_valid_ends = bool(stripped) if is_legacy else name == stripped
    if not has_valid_ends or not all(_is_printable(character) for character in name):
        raise Fault(
            400,
            "An invalid 'name' value was provided. The name must be: printable characters. "
            "Can not start or end with whitespace.",
        )
    return stripped


def _is_printable(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] != "C" and (category[0] != "Z" or category == "Zs")


def _parse_metadata(attributes: Mapping[str, Any]) -> dict[str, str]:
    """Return the attribute ``metadata`` of a server or an image; {} if it is missing.

    Raises a 400 fault if the metadata is not valid (see `parse_body` and `check_storable`).
    """
    if "metadata" not in attributes:
        return {}
    metadata = parse_body({"metadata": attributes["metadata"]}, "metadata", is_legacy=False)
    check_storable(metadata)
    return metadata


def _check_networks(networks: Any) -> None:
    if not isinstance(networks, list) and networks not in ("auto", "none"):
        raise _invalid("networks", "It must be auto, none or a list.")


def _check_single_server(server: Mapping[str, Any]) -> None:
    for name in ("min_count", "max_count"):
        count = server.get(name, 1)
        # The type first: the text of a deeply nested list exceeds Python's recursion limit.
        if not isinstance(count, (int, str)) or not re.fullmatch("[1-9][0-9]{0,9}", str(count)):
            raise _invalid(name, "It must be a whole number, 1 or more.")
        if int(count) > 1:
            raise Fault(501, "Several servers at a time are not implemented here.")


def _parse_image_ref(server: Mapping[str, Any]) -> str:
    """Return the id of the image of a new server, with dashes and in lower case.

    The id is ``imageRef``. If ``imageRef`` is missing, null or empty, the id is the first ``uuid``
    of the devices in ``block_device_mapping_v2``. Raises a 400 fault if the id is missing or not a
    UUID, or if the devices are malformed. Raises a 501 fault if a device is not made from an image
    (``source_type``), or is a volume (``destination_type``).
    """
    devices = server.get("block_device_mapping_v2", [])
    if not isinstance(devices, list) or not all(isinstance(each, dict) for each in devices):
        raise _invalid("block_device_mapping_v2", "It must be a list of objects.")
    image_ref = server.get("imageRef", "")
    for device in devices:
        if device.get("source_type") != "image" or device.get("destination_type") == "volume":
            raise Fault(501, "Servers with volumes are not implemented here.")
        image_ref = image_ref or device.get("uuid", "")
    if image_ref == "":
        raise Fault(400, "Missing imageRef attribute")
    try:
        return str(uuid.UUID(image_ref))
    except (ValueError, AttributeError, TypeError):
        raise _invalid("imageRef", "It must be the UUID of an image.") from None


def _parse_flavor_ref(flavor_ref: Any) -> str:
    """Return the flavor's id in ``flavorRef``, which is the id or a URL that ends in the id.

    A whole number is an id, too. Raises a 400 fault for any other value, and for an empty text.
    """
    if isinstance(flavor_ref, bool) or not isinstance(flavor_ref, (str, int)) or flavor_ref == "":
        raise _invalid("flavorRef", "It must be the id of a flavor.")
    return str(flavor_ref).rsplit("/", 1)[-1]


def _parse_text(server: Mapping[str, Any], name: str) -> str | None:
    """Return the attribute `name`: text of at most 255 printable characters.

    Returns None if the attribute is missing or null. Raises a 400 fault for any other value.
    """
    value = server.get(name)
    if value is not None and not isinstance(value, str):
        raise _invalid(name, "It must be a string.")
    if value is not None and (len(value) > _MAX_LENGTH or not value.isprintable()):
        raise _invalid(name, f"It must have at most {_MAX_LENGTH} printable characters.")
    return value


def _parse_tags(tags: Any) -> tuple[str, ...]:
    is_valid = (
        isinstance(tags, list)
        and len(tags) <= _MAX_TAGS
        and all(isinstance(tag, str) and tag.isprintable() and _TAG.fullmatch(tag) for tag in tags)
    )
    if not is_valid:
        raise _invalid("tags", f"It must be a list of up to {_MAX_TAGS} tags without , and /.")
    return tuple(dict.fromkeys(tags))


def _invalid(attribute: str, reason: str) -> Fault:
    return Fault(400, f"Invalid input for field/attribute {attribute}. {reason}")
