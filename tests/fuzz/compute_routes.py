"""The operations of the Compute Images API, as rows for the fuzzer."""

from collections.abc import Callable
from typing import Any

from tests.fuzz.dice import Dice
from tests.fuzz.routes import Parts, Route
from tests.fuzz.targets import Pairs
from tests.fuzz.values import date, number, text
from tests.fuzz.world import World

KEYS = (
    *(
        "key1",
        "a",
        "os_distro",
        "hw disk",
        "a.b:c",
        "kernel_id",
        "block_device_mapping",
        "mappings",
    ),
    *("name", "status", "image_id", "os_glance_x", "instance_uuid", "x" * 255, "min_ram", "tags"),
)
_STATUSES = ("ACTIVE", "SAVING", "DELETED", "ERROR", "UNKNOWN", "queued", "in:ACTIVE,SAVING", "x")
_TYPES = ("snapshot", "BASE", "base", "backup", "SERVER", "")


def list_query(dice: Dice, world: World) -> Pairs:
    """Up to five parameters of a list, each right or odd."""
    pairs = []
    for _ in range(dice.randint(0, 5)):
        name = dice.pick(tuple(_PARAMETERS))
        pairs.append((name, _PARAMETERS[name](dice, world)))
    return pairs


_PARAMETERS: dict[str, Callable[[Dice, World], str]] = {
    "name": lambda dice, _: text(dice, 0.5),
    "status": lambda dice, _: dice.pick(_STATUSES) if dice.chance(0.7) else text(dice, 0.9),
    "type": lambda dice, _: dice.pick(_TYPES) if dice.chance(0.7) else text(dice, 0.9),
    "server": lambda dice, world: dice.pick((world.image(dice), f"http://a/servers/{dice.uuid()}")),
    "minRam": lambda dice, _: number(dice),
    "minDisk": lambda dice, _: number(dice),
    "changes-since": lambda dice, _: date(dice),
    "limit": lambda dice, _: number(dice),
    "page_size": lambda dice, _: number(dice),
    "offset": lambda dice, _: number(dice),
    "marker": lambda dice, world: world.image(dice) if dice.chance(0.8) else text(dice, 0.9),
    "property-key1": lambda dice, _: text(dice, 0.5),
    "property-": lambda dice, _: text(dice, 0.5),
    "property-limit": lambda dice, _: number(dice),
    "property-marker": lambda dice, world: world.image(dice),
    "property-sort": lambda dice, _: dice.pick(("name:asc", "name", "x:y", "size:desc,id")),
    "property-created_at": lambda dice, _: date(dice),
    "property-size_min": lambda dice, _: number(dice),
    "property-visibility": lambda dice, _: dice.pick(("public", "all", "shared", "x", "")),
    "property-tag": lambda dice, _: text(dice, 0.5),
    "property-id": lambda dice, world: f"in:{world.image(dice)},{text(dice)}",
    "property-os_hidden": lambda dice, _: dice.pick(("true", "False", "1", "")),
    "property-protected": lambda dice, _: dice.pick(("true", "False", "1", "")),
    "property-checksum": lambda dice, _: text(dice, 0.5),
    "property-member_status": lambda dice, _: dice.pick(("accepted", "all", "x", "")),
    "unknown": lambda dice, _: text(dice, 0.5),
}


def _key(dice: Dice) -> str:
    return dice.pick(KEYS) if dice.chance(0.8) else text(dice, 0.9)


def _value(dice: Dice) -> str:
    special = ('[{"device_name": "vda"}]', "[1,", '{"a": 1e999}', "[" * 200, "", "x" * 255)
    return dice.pick(special) if dice.chance(0.15) else text(dice, 0.3)


def metadata(dice: Dice, _: World, __: Parts) -> Any:
    """The body of a request that sets metadata; few items, or more than are allowed."""
    count = dice.weighted({0: 1, 1: 8, 3: 6, 20: 1, 127: 0.2, 129: 0.5})
    return {"metadata": {f"k{n}" if count > 20 else _key(dice): _value(dice) for n in range(count)}}


def meta(dice: Dice, _: World, parts: Parts) -> Any:
    """The body of a request that sets one item."""
    key = parts["key"] if dice.chance(0.9) else _key(dice)
    return {"meta": {key: _value(dice)}}


def _below(root: str) -> tuple[Route, ...]:
    images, image = f"{root}/images", f"{root}/images/{{image}}"
    with_project = f"{root}/{{project}}/images/{{image}}/metadata"
    return (
        Route("compute", "GET", images, 6, list_query),
        Route("compute", "GET", f"{images}/detail", 8, list_query),
        Route("compute", "GET", image, 5, list_query),
        Route("compute", "DELETE", image, 0.8),
        Route("compute", "GET", f"{image}/metadata", 3),
        Route("compute", "POST", f"{image}/metadata", 6, None, metadata),
        Route("compute", "PUT", f"{image}/metadata", 4, None, metadata),
        Route("compute", "GET", f"{image}/metadata/{{key}}", 3),
        Route("compute", "PUT", f"{image}/metadata/{{key}}", 5, None, meta),
        Route("compute", "DELETE", f"{image}/metadata/{{key}}", 3),
        Route("compute", "GET", f"{root}/{{project}}/images/detail", 2, list_query),
        Route("compute", "POST", with_project, 1, None, metadata),
        Route("compute", "GET", root, 0.5),
        Route("compute", "GET", f"{root}/", 0.5),
        Route("compute", "POST", f"{root}/{{key}}", 0.3, list_query, metadata),
    )


ROUTES = (
    *_below("/v2.1"),
    *_below("/v2"),
    Route("compute", "GET", "/", 0.7, list_query),
    Route("compute", "GET", "/{key}", 0.5, list_query),
    Route("compute", "OPTIONS", "/v2.1/images", 0.5),
)
