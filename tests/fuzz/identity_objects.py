"""Bodies that create and change projects, users, domains, roles and the catalog."""

from typing import Any

from tests.fuzz.cloud_state import CloudState
from tests.fuzz.json_bodies import odd_json
from tests.fuzz.random_source import RandomSource
from tests.fuzz.routes import Parts
from tests.fuzz.values import canary, text

# By kind: the attributes that a body may have, with valid values.
_ATTRIBUTES: dict[str, dict[str, tuple[Any, ...]]] = {
    "project": {
        "domain_id": ("default", None, "x"),
        "parent_id": ("default", None, "x"),
        "enabled": (True, False),
        "is_domain": (False, True),
        "tags": ([], ["a", "b"], ["a,b"], ["x"] * 81),
        "options": ({}, {"immutable": False}, {"immutable": None}),
    },
    "domain": {
        "enabled": (True, False),
        "explicit_domain_id": ("0" * 32, "x"),
        "tags": ([], ["a"], ["a", "a"]),
        "options": ({}, {"immutable": False}),
    },
    "user": {
        "domain_id": ("default", "x"),
        "default_project_id": ("default", None, "x"),
        "enabled": (True, False),
        "email": ("a@b", None),
        "options": ({}, {"lock_password": True}, {"multi_factor_auth_rules": [["password"]]}),
    },
    "role": {
        "domain_id": ("default", None, "x"),
        "options": ({}, {"immutable": False}, {"immutable": None}),
    },
    "region": {"parent_region_id": (None, "RegionOne", "x"), "id": ("", None)},
    "service": {"type": ("volume", ""), "enabled": (True, False)},
    "endpoint": {
        "interface": ("public", "admin", "x"),
        "url": ("http://a/%(project_id)s", "http://a/$(user_id)s", "http://a/%(x)s", "%", "a"),
        "region_id": ("RegionOne", None, "x"),
        "region": (None, "R"),
        "enabled": (True, False),
    },
}


def new_object(kind: str, rng: RandomSource, state: CloudState) -> Any:
    """Return the body of a request that creates an object of a `kind`."""
    wanted: dict[str, Any] = {"name": f"{text(rng, 0.3)[:40]}{rng.hexadecimal(8)}"}
    if kind == "service":
        wanted["type"] = text(rng, 0.3)
    if kind == "endpoint":
        wanted |= {"interface": "public", "url": "http://a", "service_id": made_id(rng, state)}
    if kind == "user" and rng.chance(0.1):  # the hash of a password takes CPU time
        wanted["password"] = canary(rng)
    return {kind: wanted | _attributes(kind, rng)}


def changed_object(kind: str, rng: RandomSource) -> Any:
    """Return the body of a request that changes an object of a `kind`."""
    changed = _attributes(kind, rng)
    if rng.chance(0.3):
        changed["name"] = text(rng, 0.5)
    if kind == "user" and rng.chance(0.05):
        changed["password"] = canary(rng)
    return {kind: changed}


def tags(rng: RandomSource, _: CloudState, __: Parts) -> Any:
    """Return the body of a request that replaces the tags of a project."""
    return {"tags": rng.pick(([], ["a"], ["a", "a"], [text(rng, 0.9)], None))}


def new_password(rng: RandomSource, _: CloudState, __: Parts) -> Any:
    """Return the body of a request that changes the own password."""
    return {"user": {"original_password": canary(rng), "password": canary(rng)}}


def made_id(rng: RandomSource, state: CloudState) -> str:
    """Return the id of an object that an earlier request created, or one that does not exist."""
    return rng.pick([*state.made, "x"])


def _attributes(kind: str, rng: RandomSource) -> dict[str, Any]:
    """Return a few attributes, mostly with valid values, and perhaps an unknown one."""
    found = {
        name: rng.pick(values) if rng.chance(0.9) else odd_json(rng)
        for name, values in _ATTRIBUTES[kind].items()
        if rng.chance(0.3)
    }
    if rng.chance(0.3):
        found["description"] = text(rng, 0.6)
    if rng.chance(0.1):
        found[text(rng, 0.6)] = odd_json(rng)
    return found
