"""The operations of the Image API v2, as rows for the fuzzer."""

from collections.abc import Callable
from typing import Any

from tests.fuzz.compute_routes import KEYS
from tests.fuzz.dice import Dice
from tests.fuzz.jsontext import Raw, odd_json
from tests.fuzz.routes import Parts, Route
from tests.fuzz.targets import Pairs
from tests.fuzz.values import NUMBERS, date, number, text
from tests.fuzz.world import World

PATCH_TYPES = (
    "application/openstack-images-v2.1-json-patch",
    "application/openstack-images-v2.1-json-patch",
    "application/openstack-images-v2.0-json-patch",
)
_FORMATS = ("raw", "qcow2", "iso", "vmdk", "ami", None, "x", "")
_CONTAINERS = ("bare", "ovf", "ami", "docker", None, "x", "")
_VISIBILITIES = ("private", "shared", "community", "public", "all", "", None)
_READ_ONLY = (
    *("status", "size", "checksum", "created_at", "self", "file", "schema", "id", "locations"),
    *("os_hash_value", "direct_url", "stores", "virtual_size", "deleted", "owner_specified.x"),
)


def _attribute(dice: Dice, world: World, name: str) -> Any:  # noqa: PLR0911  one for each kind
    """A value of an attribute, mostly of the right type."""
    if dice.chance(0.12):
        return odd_json(dice)
    match name:
        case "id":
            return dice.uuid() if dice.chance(0.8) else world.image(dice)
        case "visibility":
            return dice.pick(_VISIBILITIES)
        case "protected" | "os_hidden":
            return dice.chance(0.3)
        case "min_ram" | "min_disk":
            return Raw(dice.pick(NUMBERS)) if dice.chance(0.3) else dice.randint(0, 64)
        case "disk_format":
            return dice.pick(_FORMATS)
        case "container_format":
            return dice.pick(_CONTAINERS)
        case "tags":
            return [text(dice, 0.3) for _ in range(dice.weighted({0: 2, 2: 6, 127: 0.2, 130: 0.3}))]
        case "owner":
            return dice.pick([*world.projects.values(), None])
    return text(dice, 0.3)


_NAMES = (
    *("name", "visibility", "protected", "os_hidden", "min_ram", "min_disk", "tags", "owner", "id"),
    *("disk_format", "container_format", *KEYS),
)


def new_image(dice: Dice, world: World, _: Parts) -> Any:
    """The body that creates an image; most may take data at once."""
    document: dict[str, Any] = {"name": text(dice, 0.2)}
    if dice.chance(0.7):
        document |= {"disk_format": "raw", "container_format": "bare"}
    for name in dice.some(_NAMES, 4):
        document[name] = _attribute(dice, world, name)
    if dice.chance(0.3):
        document["id"] = dice.uuid()
    if dice.chance(0.05):
        document |= {f"k{n}": "v" for n in range(dice.pick((120, 128, 129, 400)))}
    if dice.chance(0.05):
        document[dice.pick(_READ_ONLY)] = odd_json(dice)
    if dice.chance(0.01):
        document["large"] = "x" * dice.pick((70_000, 300_000, 1_000_000))
    return document


def patch(dice: Dice, world: World, _: Parts) -> Any:
    """A JSON patch, in one of its two notations."""
    make = _operation if dice.chance(0.8) else _old_operation
    return [make(dice, world) for _ in range(dice.weighted({0: 1, 1: 12, 3: 6, 40: 0.3}))]


def _operation(dice: Dice, world: World) -> Any:
    name = dice.pick(_NAMES if dice.chance(0.9) else _READ_ONLY)
    operation = {
        "op": dice.weighted(
            {"add": 6, "replace": 8, "remove": 3, "test": 0.3, "move": 0.3, "copy": 0.3, "": 0.2}
        ),
        "path": pointer(dice, name),
        "value": _attribute(dice, world, name),
    }
    if dice.chance(0.05):
        operation["from"] = pointer(dice, name)
    return operation


def _old_operation(dice: Dice, world: World) -> Any:
    name = dice.pick(_NAMES)
    verb = dice.pick(("add", "replace", "remove", "test"))
    return {verb: pointer(dice, name), "value": _attribute(dice, world, name)}


def pointer(dice: Dice, name: str) -> Any:
    """A JSON pointer to `name`, or one that means something else than it seems to."""
    if dice.chance(0.75):
        return f"/{name}"
    return dice.pick(
        (
            *(name, f"/{name}/", f"//{name}", f"/ {name}", f"/{name} ", f"/{name}/0", f"/{name}/-"),
            *(f"/~0{name}", f"/~1{name}", f"/~{name}", "/", "", "/~", "/tags/-", "/tags/0", "/\0"),
            *(f"/{name}\0", f"/{name}\ud800", f"#/{name}", f"/{name.upper()}", f"/\u200b{name}"),
            *("/locations/-", "/locations", "/os_glance_a", " /os_glance_a", "/ os_glance_a", None),
            *(f"/{name}~1..~1id", "/i\u0064", "/id ", " /id", "/properties/a", "/x" * 300, 1, []),
            *(
                "/\u2028",
                "/owner/",
                "/~01",
                "/" + "x" * 300,
                "/__class__",
                ["/", name],
                {"a": name},
            ),
        )
    )


def list_query(dice: Dice, world: World) -> Pairs:
    """Up to six parameters of the list of images, each right or odd."""
    pairs = []
    for _ in range(dice.randint(0, 6)):
        name = dice.pick(tuple(_PARAMETERS))
        pairs.append((name, _PARAMETERS[name](dice, world)))
    return pairs


_SORTS = (
    "name",
    "name:asc",
    "size:desc,id:asc",
    "x",
    ":",
    "id:up",
    "created_at",
    "",
    ",",
    "min_ram",
)
_PARAMETERS: dict[str, Callable[[Dice, World], str]] = {
    "limit": lambda dice, _: number(dice),
    "marker": lambda dice, world: world.image(dice) if dice.chance(0.8) else text(dice, 0.9),
    "sort": lambda dice, _: dice.pick(_SORTS),
    "sort_key": lambda dice, _: dice.pick(_SORTS),
    "sort_dir": lambda dice, _: dice.pick(("asc", "desc", "", "up", "ASC")),
    "name": lambda dice, _: text(dice, 0.5),
    "status": lambda dice, _: dice.pick(("active", "queued", "in:active,queued", "killed", "")),
    "id": lambda dice, world: f"{dice.pick(('', 'in:', 'eq:', 'x:'))}{world.image(dice)}",
    "visibility": lambda dice, _: str(dice.pick(_VISIBILITIES)),
    "owner": lambda dice, world: dice.pick([*world.projects.values(), ""]),
    "member_status": lambda dice, _: dice.pick(("accepted", "pending", "all", "x", "")),
    "os_hidden": lambda dice, _: dice.pick(("true", "FALSE", "1", "")),
    "protected": lambda dice, _: dice.pick(("true", "False", "1", "")),
    "min_ram": lambda dice, _: number(dice),
    "min_disk": lambda dice, _: number(dice),
    "size": lambda dice, _: number(dice),
    "size_min": lambda dice, _: number(dice),
    "size_max": lambda dice, _: number(dice),
    "virtual_size": lambda dice, _: number(dice),
    "created_at": lambda dice, _: date(dice),
    "updated_at": lambda dice, _: date(dice),
    "changes-since": lambda dice, _: date(dice),
    "disk_format": lambda dice, _: f"{dice.pick(('', 'in:'))}{dice.pick(_FORMATS)},raw",
    "container_format": lambda dice, _: str(dice.pick(_CONTAINERS)),
    "tag": lambda dice, _: text(dice, 0.5),
    "checksum": lambda dice, _: text(dice, 0.5),
    "os_hash_value": lambda dice, _: text(dice, 0.5),
    "key1": lambda dice, _: text(dice, 0.5),
    "deleted": lambda dice, _: dice.pick(("true", "")),
    "page_size": lambda dice, _: number(dice),
}


def data(dice: Dice) -> bytes:
    """Image data: none, a little, or what looks like an image of a known format."""
    kind = dice.pick((b"", b"QFI\xfb\0\0\0\3", b"KDMV", b"conectix", b"\0" * 512, b"<<< "))
    return kind + dice.randbytes(
        dice.weighted({0: 3, 1: 2, 100: 6, 4096: 3, 65_536: 1, 300_000: 0.2})
    )


def _member(_: Dice, world: World, __: Parts) -> Any:
    """What a request of an operation that is not served might bring."""
    return {"member": world.projects["other"], "status": "accepted", "method": {"name": "x"}}


_IMAGE = "/image/v2/images/{image}"
_MEMBERS = f"{_IMAGE}/members"
ROUTES = (
    Route("image", "GET", "/image/v2/images", 12, list_query),
    Route("image", "POST", "/image/v2/images", 8, None, new_image),
    Route("image", "GET", _IMAGE, 6),
    Route("image", "PATCH", _IMAGE, 14, None, patch, PATCH_TYPES),
    Route("image", "DELETE", _IMAGE, 2),
    Route("image", "GET", f"{_IMAGE}/file", 5),
    Route("image", "PUT", f"{_IMAGE}/file", 6, None, None, ("application/octet-stream",), data),
    Route("image", "POST", f"{_IMAGE}/actions/deactivate", 1),
    Route("image", "POST", f"{_IMAGE}/actions/reactivate", 1.5),
    Route("image", "POST", f"{_IMAGE}/actions/{{key}}", 0.3),
    Route("image", "GET", "/image/v2/schemas/image", 0.5),
    Route("image", "GET", "/image/v2/schemas/images", 0.5),
    Route("image", "GET", "/image/v2/schemas/{key}", 0.3),
    Route("image", "GET", _MEMBERS, 0.5),
    Route("image", "POST", _MEMBERS, 0.5, None, _member),
    Route("image", "PUT", f"{_MEMBERS}/{{project}}", 0.3, None, _member),
    Route("image", "PUT", f"{_IMAGE}/tags/{{key}}", 0.5),
    Route("image", "DELETE", f"{_IMAGE}/tags/{{key}}", 0.5),
    Route("image", "POST", f"{_IMAGE}/import", 0.3, None, _member),
    Route("image", "GET", "/image/v2/{key}", 0.5, list_query),
    Route("image", "GET", "/image", 0.4),
    Route("image", "GET", "/image/", 0.4),
    Route("image", "GET", "/image/v2/", 0.4),
    Route("image", "GET", "/image/versions", 0.4),
    Route("image", "GET", "/image/v2/v2/images/{image}", 0.4),
    Route("image", "GET", "/image/v1/images", 0.3),
)
