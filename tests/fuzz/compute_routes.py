"""The operations of the Compute Images API, as rows for the fuzzer."""

from collections.abc import Callable
from typing import Any

from tests.fuzz.cloud_state import CloudState
from tests.fuzz.random_source import RandomSource
from tests.fuzz.routes import Parts, Route
from tests.fuzz.targets import Pairs, random_parameters
from tests.fuzz.values import date, number, text

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


def list_query(rng: RandomSource, state: CloudState) -> Pairs:
    """Return up to five parameters of a list, each valid or odd."""
    return random_parameters(rng, state, _PARAMETERS, 5)


_PARAMETERS: dict[str, Callable[[RandomSource, CloudState], str]] = {
    "name": lambda rng, _: text(rng, 0.5),
    "status": lambda rng, _: rng.pick(_STATUSES) if rng.chance(0.7) else text(rng, 0.9),
    "type": lambda rng, _: rng.pick(_TYPES) if rng.chance(0.7) else text(rng, 0.9),
    "server": lambda rng, state: rng.pick((state.image(rng), f"http://a/servers/{rng.uuid()}")),
    "minRam": lambda rng, _: number(rng),
    "minDisk": lambda rng, _: number(rng),
    "changes-since": lambda rng, _: date(rng),
    "limit": lambda rng, _: number(rng),
    "page_size": lambda rng, _: number(rng),
    "offset": lambda rng, _: number(rng),
    "marker": lambda rng, state: state.image(rng) if rng.chance(0.8) else text(rng, 0.9),
    "property-key1": lambda rng, _: text(rng, 0.5),
    "property-": lambda rng, _: text(rng, 0.5),
    "property-limit": lambda rng, _: number(rng),
    "property-marker": lambda rng, state: state.image(rng),
    "property-sort": lambda rng, _: rng.pick(("name:asc", "name", "x:y", "size:desc,id")),
    "property-created_at": lambda rng, _: date(rng),
    "property-size_min": lambda rng, _: number(rng),
    "property-visibility": lambda rng, _: rng.pick(("public", "all", "shared", "x", "")),
    "property-tag": lambda rng, _: text(rng, 0.5),
    "property-id": lambda rng, state: f"in:{state.image(rng)},{text(rng)}",
    "property-os_hidden": lambda rng, _: rng.pick(("true", "False", "1", "")),
    "property-protected": lambda rng, _: rng.pick(("true", "False", "1", "")),
    "property-checksum": lambda rng, _: text(rng, 0.5),
    "property-member_status": lambda rng, _: rng.pick(("accepted", "all", "x", "")),
    "unknown": lambda rng, _: text(rng, 0.5),
}


def _key(rng: RandomSource) -> str:
    return rng.pick(KEYS) if rng.chance(0.8) else text(rng, 0.9)


def _value(rng: RandomSource) -> str:
    special = ('[{"device_name": "vda"}]', "[1,", '{"a": 1e999}', "[" * 200, "", "x" * 255)
    return rng.pick(special) if rng.chance(0.15) else text(rng, 0.3)


def metadata(rng: RandomSource, _: CloudState, __: Parts) -> Any:
    """Return a body that sets metadata: a few items, or more than are allowed."""
    count = rng.weighted({0: 1, 1: 8, 3: 6, 20: 1, 127: 0.2, 129: 0.5})
    return {"metadata": {f"k{n}" if count > 20 else _key(rng): _value(rng) for n in range(count)}}


def meta(rng: RandomSource, _: CloudState, parts: Parts) -> Any:
    """Return a body that sets one metadata item."""
    key = parts["key"] if rng.chance(0.9) else _key(rng)
    return {"meta": {key: _value(rng)}}


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
        Route(
            "compute", "POST", f"{root}/{{project}}/servers/{{image}}/action", 0.3, None, metadata
        ),
        Route("compute", "POST", f"{root}/{{key}}", 0.3, list_query, metadata),
    )


ROUTES = (
    *_below("/v2.1"),
    *_below("/v2"),
    Route("compute", "GET", "/", 0.7, list_query),
    Route("compute", "GET", "/{key}", 0.5, list_query),
    Route("compute", "OPTIONS", "/v2.1/images", 0.5),
)
