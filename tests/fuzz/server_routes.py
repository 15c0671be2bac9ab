"""The operations on servers and flavors of the Compute API, as rows for the fuzzer."""

from collections.abc import Callable
from typing import Any

from tests.fuzz.cloud_state import CloudState
from tests.fuzz.compute_routes import metadata
from tests.fuzz.random_source import RandomSource
from tests.fuzz.routes import Parts, Route
from tests.fuzz.targets import Pairs, random_parameters
from tests.fuzz.values import date, number, text

_STATUSES = ("ACTIVE", "SHUTOFF", "deleted", "DELETED", "VERIFY_RESIZE", "soft_deleted", "x", "")
_SORT_KEYS = ("created_at", "display_name", "uuid", "image_ref", "host", "x", "")
_FLAGS = ("1", "0", "true", "False", "", "maybe")
_PATTERNS = ("^web", "a.*b", ".*", "(", "[a-z]+", "\\", "^$", "^" + ".*" * 200 + "$")
_FILTERS = (
    *("flavor", "ip", "ip6", "reservation_id", "availability_zone", "key_name", "power_state"),
    *("task_state", "user_id", "vm_state", "hostname", "host", "node", "uuid", "project_id"),
    *("tenant_id", "unknown", "_hidden"),
)
_OTHER_ACTIONS = ("os-stop", "reboot", "rebuild", "createBackup", "os-getConsoleOutput", "nosuch")

_PARAMETERS: dict[str, Callable[[RandomSource, CloudState], str]] = {
    **dict.fromkeys(_FILTERS, lambda rng, _: text(rng, 0.5)),
    "name": lambda rng, _: rng.pick(_PATTERNS) if rng.chance(0.6) else text(rng, 0.7),
    "status": lambda rng, _: rng.pick(_STATUSES) if rng.chance(0.8) else text(rng, 0.9),
    "image": lambda rng, state: state.image(rng),
    "limit": lambda rng, _: number(rng),
    "marker": lambda rng, state: state.server(rng) if rng.chance(0.8) else text(rng, 0.9),
    "all_tenants": lambda rng, _: rng.pick(_FLAGS),
    "locked": lambda rng, _: rng.pick(_FLAGS),
    "deleted": lambda rng, _: rng.pick(_FLAGS),
    "changes-since": lambda rng, _: date(rng),
    "changes-before": lambda rng, _: date(rng),
    "tags": lambda rng, _: text(rng, 0.5),
    "not-tags-any": lambda rng, _: f"red,{text(rng, 0.5)}",
    "sort_key": lambda rng, _: rng.pick(_SORT_KEYS),
    "sort_dir": lambda rng, _: rng.pick(("asc", "desc", "up", "")),
}


def list_query(rng: RandomSource, state: CloudState) -> Pairs:
    """Return up to five parameters of a list, each valid or odd."""
    return random_parameters(rng, state, _PARAMETERS, 5)


_FLAVOR_SORT_KEYS = ("flavorid", "memory_mb", "vcpus", "created_at", "host", "")
_FLAVOR_PARAMETERS: dict[str, Callable[[RandomSource, CloudState], str]] = {
    **dict.fromkeys(("limit", "minRam", "minDisk"), lambda rng, _: number(rng)),
    "marker": lambda rng, _: "m1.tiny" if rng.chance(0.8) else text(rng, 0.9),
    "is_public": lambda rng, _: rng.pick((*_FLAGS, "None")),
    "sort_key": lambda rng, _: rng.pick(_FLAVOR_SORT_KEYS),
    "sort_dir": lambda rng, _: rng.pick(("asc", "desc", "up", "")),
    "unknown": lambda rng, _: text(rng, 0.5),
}


def flavor_query(rng: RandomSource, state: CloudState) -> Pairs:
    """Return up to four parameters of a list of flavors, each valid or odd."""
    return random_parameters(rng, state, _FLAVOR_PARAMETERS, 4)


def action(rng: RandomSource, state: CloudState, parts: Parts) -> Any:
    """Return a body of an action: mostly of createImage."""
    if rng.chance(0.1):
        return {rng.pick(_OTHER_ACTIONS): rng.pick((None, {}, {"name": "x"}))}
    more = metadata(rng, state, parts) if rng.chance(0.3) else {}
    extra = {"rotation": 1} if rng.chance(0.05) else {}
    return {"createImage": {"name": text(rng, 0.1), **more, **extra}}


def new_server(rng: RandomSource, state: CloudState, parts: Parts) -> Any:
    """Return a body that makes a server, with some of the attributes that it may have."""
    image = state.image(rng)
    device = {"uuid": image, "source_type": "image", "destination_type": "local"}
    optional: dict[str, Any] = {
        "networks": rng.pick(("auto", "none", [], [{"uuid": rng.uuid()}])),
        "key_name": text(rng, 0.5),
        "description": text(rng, 0.5),
        "availability_zone": text(rng, 0.5),
        "tags": [text(rng, 0.5)],
        "min_count": rng.pick((1, 2, "1", 0)),
        "max_count": rng.pick((1, 2, "1", 0)),
        "block_device_mapping_v2": [device],
        "user_data": text(rng),
        **metadata(rng, state, parts),
    }
    chosen = {name: value for name, value in optional.items() if rng.chance(0.15)}
    return {
        "server": {
            "name": text(rng, 0.1),
            "imageRef": image,
            "flavorRef": rng.pick(("m1.tiny", "m1.tiny", "http://a/flavors/m1.tiny", "x", 1)),
            "networks": "auto",
            **chosen,
        }
    }


def _below(root: str) -> tuple[Route, ...]:
    servers, server = f"{root}/servers", f"{root}/servers/{{server}}"
    return (
        Route("compute", "GET", servers, 4, list_query),
        Route("compute", "GET", f"{servers}/detail", 4, list_query),
        Route("compute", "POST", servers, 4, None, new_server),
        Route("compute", "GET", server, 3, list_query),
        Route("compute", "DELETE", server, 0.3),
        Route("compute", "POST", f"{server}/action", 4, None, action),
        Route("compute", "PUT", server, 0.3, None, new_server),
        Route("compute", "GET", f"{root}/flavors", 0.5, flavor_query),
        Route("compute", "GET", f"{root}/flavors/detail", 0.5, flavor_query),
        Route("compute", "GET", f"{root}/flavors/m1.tiny", 0.5),
        Route("compute", "GET", f"{root}/flavors/{{key}}", 0.5),
        Route("compute", "POST", f"{root}/{{project}}/servers/{{server}}/action", 1, None, action),
        Route("compute", "GET", f"{root}/{{project}}/servers/detail", 1, list_query),
    )


ROUTES = (*_below("/v2.1"), *_below("/v2"))
