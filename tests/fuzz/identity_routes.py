"""The operations of the Identity API v3, as rows for the fuzzer."""

from typing import Any

from tests.fuzz.dice import Dice
from tests.fuzz.jsontext import odd_json
from tests.fuzz.routes import Parts, Route
from tests.fuzz.targets import Pairs
from tests.fuzz.values import canary, date, text
from tests.fuzz.world import World
from tests.support.cloud import PASSWORD

_DOMAINS: tuple[dict[str, str], ...] = (
    {"id": "default"},
    {"name": "Default"},
    {"id": "x"},
    {"name": "\ud800"},
    {},
)
_ROLES = ("member", "reader", "admin", "service", "x")


def login(dice: Dice, world: World, _: Parts) -> Any:
    """The body of a login: mostly by token, since each check of a password costs 50 ms of CPU."""
    methods: dict[str, Any] = {}
    for method in dice.weighted(_METHODS):
        methods[method] = _PROOFS[method](dice, world)
    identity = {"methods": [*methods], **methods}
    auth: dict[str, Any] = {"identity": identity}
    if dice.chance(0.75):
        auth["scope"] = _scope(dice, world)
    return {"auth": auth}


_METHODS: dict[tuple[str, ...], float] = {
    ("token",): 90,
    ("password",): 1.5,
    ("application_credential",): 1,
    ("totp",): 2,
    ("token", "password"): 0.5,
    (): 1,
    ("external",): 1,
}


def _by_password(dice: Dice, _: World) -> Any:
    if dice.chance(0.3):
        return {"user": {"name": "owner", "domain": {"id": "default"}, "password": PASSWORD}}
    name = dice.pick((f"nobody-{dice.hexadecimal(6)}", f"attacked-{dice.randint(0, 2)}"))
    return {"user": {"name": name, "domain": dice.pick(_DOMAINS), "password": canary(dice)}}


def _by_token(dice: Dice, world: World) -> Any:
    if world.extra_tokens and dice.chance(0.2):
        return {"id": dice.pick(world.extra_tokens)}
    good = world.tokens[dice.pick(("owner", "other", "reader", "unscoped", "credential"))]
    return {"id": dice.pick((good, good, good, canary(dice), ""))}


def _by_credential(dice: Dice, world: World) -> Any:
    found = {"secret": canary(dice)}
    if world.credentials and dice.chance(0.5):
        return {**found, "id": dice.pick(world.credentials)}
    return {**found, "name": text(dice), "user": {"name": "owner", "domain": dice.pick(_DOMAINS)}}


_PROOFS: dict[str, Any] = {
    "password": _by_password,
    "token": _by_token,
    "application_credential": _by_credential,
    "totp": lambda dice, _: {"user": {"id": dice.hexadecimal(32), "passcode": canary(dice)}},
    "external": lambda _, __: {},
}


def _scope(dice: Dice, world: World) -> Any:
    project = dice.pick([*world.projects])
    return dice.pick(
        (
            {"project": {"id": world.projects[project]}},
            {"project": {"name": project, "domain": dice.pick(_DOMAINS)}},
            {"project": {"name": text(dice, 0.7), "domain": {"id": "default"}}},
            *(
                "unscoped",
                {"unscoped": {}},
                {"domain": {"id": "default"}},
                {"system": {"all": True}},
            ),
            *({"OS-TRUST:trust": {"id": "x"}}, {}, None, odd_json(dice)),
        )
    )


def credential(dice: Dice, _: World, __: Parts) -> Any:
    """The body that creates an application credential; few with a secret of their own."""
    wanted: dict[str, Any] = {"name": f"{text(dice, 0.2)[:200]}{dice.hexadecimal(8)}"}
    if dice.chance(0.3):
        wanted["secret"] = canary(dice)
    if dice.chance(0.3):
        wanted["description"] = text(dice, 0.6)
    if dice.chance(0.5):
        wanted["expires_at"] = date(dice)
    if dice.chance(0.3):
        wanted["roles"] = [dice.pick(({"name": r}, {"id": r}, r)) for r in dice.some(_ROLES, 3)]
    if dice.chance(0.2):
        wanted["unrestricted"] = dice.pick((True, False, None, "true", 1))
    if dice.chance(0.2):
        rule = {"service": "compute", "method": "GET", "path": dice.pick(("/v2.1/*", "/a*a*a*b"))}
        wanted["access_rules"] = dice.pick(([rule], [], [rule] * 50, "x"))
    if dice.chance(0.03):
        wanted[dice.pick(("name", "secret", "description"))] = "x" * dice.pick((256, 100_000))
    return {"application_credential": wanted}


def query(dice: Dice, world: World) -> Pairs:
    """Up to three parameters that lists of the Identity API might know."""
    pairs = []
    for _ in range(dice.randint(0, 3)):
        name = dice.pick(_NAMES)
        known = dice.pick((*world.projects, *world.projects.values(), "true", "0"))
        pairs.append((name, known if dice.chance(0.5) else text(dice, 0.6)))
    return pairs


_NAMES = (
    *("name", "id", "domain_id", "enabled", "marker", "limit", "sort_key", "allow_expired"),
    *("nocatalog", "links", "options", "name__contains", "parent_id", "is_domain", "tags", "x"),
)
_TOKENS = "/identity/v3/auth/tokens"
_CREDENTIALS = "/identity/v3/users/{user}/application_credentials"
KINDS = ("projects", "users", "domains", "roles", "services", "endpoints", "regions")


def _route(method: str, template: str, weight: float, document: Any = None) -> Route:
    return Route("identity", method, template, weight, query, document)


ROUTES = (
    _route("GET", "/identity", 0.5),
    _route("GET", "/identity/v3", 0.5),
    _route("GET", "/identity/v3/", 0.5),
    _route("POST", _TOKENS, 12, login),
    _route("GET", _TOKENS, 4),
    _route("HEAD", _TOKENS, 1),
    _route("DELETE", _TOKENS, 0.1),
    *(_route("GET", f"/identity/v3/auth/{n}", 1) for n in ("projects", "domains", "system")),
    _route("GET", "/identity/v3/auth/catalog", 2),
    _route("GET", _CREDENTIALS, 3),
    _route("POST", _CREDENTIALS, 1, credential),
    _route("GET", f"{_CREDENTIALS}/{{credential}}", 1),
    _route("DELETE", f"{_CREDENTIALS}/{{credential}}", 1),
    _route("GET", "/identity/v3/users/{user}/projects", 1),
    *(_route("GET", f"/identity/v3/{kind}", 0.5) for kind in KINDS),
    *(_route("GET", f"/identity/v3/{kind}/{{resource}}", 0.4) for kind in KINDS),
    _route("GET", "/identity/v3/{key}", 0.4),
    _route("POST", "/identity/v3/users", 0.2, lambda d, *_: {"user": {"name": text(d, 0.9)}}),
    _route("POST", "/identity/v2.0/tokens", 0.2, lambda d, *_: {"auth": {"token": odd_json(d)}}),
)
