"""Views: render servers and flavors as documents of the Compute API, by microversion."""

import hashlib
from typing import Any, NamedTuple
from urllib.parse import quote

from glimpse.compute.links import LinkBases
from glimpse.servers.server import Flavor, Server

_WITH_PROGRESS = ("ACTIVE", "BUILD", "REBUILD", "RESIZE", "VERIFY_RESIZE", "MIGRATING")
_HOST = "glimpse"  # the host of all servers
# The image properties that Compute shows with a server: those that it has types for.
_SHOWN_PROPERTIES = ("architecture", "hypervisor_type", "os_distro", "os_type", "os_version")
_SHOWN_PREFIXES = ("hw_", "os_require_", "os_secure_", "trait:")


class AdminAttributes(NamedTuple):
    """Says whether a document has the attributes that only admins see by default.

    `host_status` applies to the attribute ``host_status``. `extended_server` applies to the
    attributes whose names start with ``OS-EXT-SRV-ATTR``. One of these, ``hostname``, is shown to
    every caller from microversion 2.90 on.
    """

    host_status: bool
    extended_server: bool


def basic_view(server: Server, link_bases: LinkBases) -> dict[str, Any]:
    """Return the document of a server in ``GET /servers``: its id, name and links."""
    return {"id": server.id, "name": server.name, "links": link_bases.server_links(server.id)}


def detail_view(
    server: Server,
    link_bases: LinkBases,
    minor: int,
    shown: AdminAttributes,
    *,
    is_list: bool = False,
) -> dict[str, Any]:
    """Return the full document of a server, with the attributes of the microversion 2.`minor`.

    `shown` says which admin-only attributes the document has. With `is_list`, for lists, the
    document has no ``server_groups``, and its ``scheduler_hints`` are null.
    """
    document = {
        **dict.fromkeys(("accessIPv4", "accessIPv6"), ""),
        "addresses": {},
        "created": server.created_at,
        "flavor": _flavor_of_server(server.flavor, link_bases, minor),
        "hostId": hashlib.sha224(f"{server.project_id}{_HOST}".encode()).hexdigest(),
        "id": server.id,
        "image": _image(server, link_bases, minor),
        "links": link_bases.server_links(server.id),
        "metadata": dict(server.metadata),
        "name": server.name,
        "status": server.status,
        "tenant_id": server.project_id,
        "user_id": server.user_id,
        "updated": server.updated_at,
        "OS-DCF:diskConfig": "MANUAL",
        **({"progress": 0} if server.status in _WITH_PROGRESS else {}),
        "OS-EXT-AZ:availability_zone": server.availability_zone,
        "config_drive": "",
        "key_name": server.key_name,
        **_lifetime(server),
        "security_groups": [{"name": "default"}],
        **(_extended_attributes(server, minor) if shown.extended_server else {}),
        **_states(server),
        "os-extended-volumes:volumes_attached": [],
    }
    return document | _later_attributes(server, minor, shown, is_list=is_list)


def _lifetime(server: Server) -> dict[str, Any]:
    """Return ``launched_at``, the server's creation, and ``terminated_at``, which is null."""
    return {
        "OS-SRV-USG:launched_at": f"{server.created_at.removesuffix('Z')}.000000",
        "OS-SRV-USG:terminated_at": None,
    }


def _states(server: Server) -> dict[str, Any]:
    """Return the attributes for the task state, the VM state and the power state of a server."""
    return {
        "OS-EXT-STS:task_state": server.task_state,
        "OS-EXT-STS:vm_state": server.vm_state,
        "OS-EXT-STS:power_state": server.power_state,
    }


def _later_attributes(
    server: Server, minor: int, shown: AdminAttributes, *, is_list: bool
) -> dict[str, Any]:
    """Return the attributes at the top of the document that 2.9 to 2.`minor` have added.

    `shown` says whether ``host_status`` is among these. With `is_list`, ``server_groups`` is left
    out, and ``scheduler_hints`` is null.
    """
    attributes: list[tuple[int, str, object]] = [(9, "locked", False)]
    if shown.host_status:
        attributes.append((16, "host_status", "UP"))
    attributes += [
        (19, "description", server.description),
        (26, "tags", list(server.tags)),
        (63, "trusted_image_certificates", None),
    ]
    if not is_list:
        attributes.append((71, "server_groups", []))
    attributes += [
        (73, "locked_reason", None),
        (90, "OS-EXT-SRV-ATTR:hostname", server.name),
        (96, "pinned_availability_zone", None),
        (100, "scheduler_hints", None if is_list else {}),
    ]
    return {name: value for since, name, value in attributes if minor >= since}


def _extended_attributes(server: Server, minor: int) -> dict[str, Any]:
    """Return the extended attributes, which only admins see by default.

    Before 2.3, these are the server's host, hypervisor and instance name. From 2.3 on, there are
    more, such as ``OS-EXT-SRV-ATTR:user_data``.
    """
    attributes: dict[str, Any] = {
        "host": _HOST,
        "instance_name": f"instance-{server.id}",
        "hypervisor_hostname": _HOST,
    }
    if minor >= 3:  # noqa: PLR2004  microversion 2.3
        attributes |= {
            "hostname": server.name,
            "kernel_id": "",
            "launch_index": 0,
            "ramdisk_id": "",
            "reservation_id": "",
            "root_device_name": "/dev/vda",
            "user_data": None,
        }
    return {f"OS-EXT-SRV-ATTR:{name}": value for name, value in attributes.items()}


def _image(server: Server, link_bases: LinkBases, minor: int) -> dict[str, Any] | str:
    """Return the image of a server for the server's document: its id and a link.

    From microversion 2.98 on, there are also some properties that the image had when the server was
    made. Returns "" if the server was booted from a volume.
    """
    if server.image_id is None:
        return ""
    image: dict[str, Any] = {
        "id": server.image_id,
        "links": [{"rel": "bookmark", "href": f"{link_bases.bookmark}/images/{server.image_id}"}],
    }
    if minor >= 98:  # noqa: PLR2004  microversion 2.98
        image["properties"] = {
            key: value
            for key, value in server.inheritance.properties.items()
            if key in _SHOWN_PROPERTIES or key.startswith(_SHOWN_PREFIXES)
        }
    return image


def _flavor_of_server(flavor: Flavor, link_bases: LinkBases, minor: int) -> dict[str, Any]:
    """Return the flavor for a server's document.

    Before 2.47, the flavor has an id and a link. From 2.47 on, the flavor has its name and its
    values, such as ``ram``, instead.
    """
    if minor < 47:  # noqa: PLR2004  microversion 2.47
        return {"id": flavor.name, "links": [_flavor_bookmark(flavor, link_bases)]}
    return {
        "vcpus": flavor.vcpus,
        "ram": flavor.ram,
        "disk": flavor.disk,
        "ephemeral": 0,
        "swap": 0,
        "original_name": flavor.name,
        "extra_specs": {},
    }


def basic_flavor_view(flavor: Flavor, link_bases: LinkBases, minor: int) -> dict[str, Any]:
    """Return the document of a flavor in ``GET /flavors``: id, name and links.

    At microversion 2.55 and later, there is a ``description``, which is null.
    """
    href = f"{link_bases.versioned}/flavors/{quote(flavor.name, safe='')}"
    document: dict[str, Any] = {
        "id": flavor.name,
        "name": flavor.name,
        "links": [{"rel": "self", "href": href}, _flavor_bookmark(flavor, link_bases)],
    }
    return document | ({"description": None} if minor >= 55 else {})  # noqa: PLR2004  2.55


def flavor_view(flavor: Flavor, link_bases: LinkBases, minor: int) -> dict[str, Any]:
    """Return the full document of a flavor at the microversion 2.`minor`.

    From 2.61 on, the document has ``extra_specs``. From 2.75 on, ``swap`` is 0 instead of "". From
    2.102 on, ``OS-FLV-DISABLED:disabled`` and ``rxtx_factor`` are left out.
    """
    removed = {"OS-FLV-DISABLED:disabled": False, "rxtx_factor": 1.0}
    return {
        **basic_flavor_view(flavor, link_bases, minor),
        "ram": flavor.ram,
        "disk": flavor.disk,
        "swap": 0 if minor >= 75 else "",  # noqa: PLR2004  microversion 2.75
        "OS-FLV-EXT-DATA:ephemeral": 0,
        "vcpus": flavor.vcpus,
        "os-flavor-access:is_public": True,
        **(removed if minor < 102 else {}),  # noqa: PLR2004  microversion 2.102
        **({"extra_specs": {}} if minor >= 61 else {}),  # noqa: PLR2004  microversion 2.61
    }


def _flavor_bookmark(flavor: Flavor, link_bases: LinkBases) -> dict[str, str]:
    href = f"{link_bases.bookmark}/flavors/{quote(flavor.name, safe='')}"
    return {"rel": "bookmark", "href": href}
