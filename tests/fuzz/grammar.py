"""Grammar: makes random requests of the tables of routes."""

from collections.abc import Sequence

from tests.fuzz import compute_routes, identity_routes, image_routes, service_routes
from tests.fuzz.compute_routes import KEYS
from tests.fuzz.dice import Dice
from tests.fuzz.headers import CONTENT_TYPES, EXTRAS
from tests.fuzz.jsontext import encode_json, mutate_bytes, mutate_document, odd_json
from tests.fuzz.request import FuzzRequest
from tests.fuzz.routes import Parts, Route
from tests.fuzz.targets import mutate_path, query_string, secret_target, segment
from tests.fuzz.values import header_value, odd_text, text
from tests.fuzz.world import World

EMBEDDED = (
    *compute_routes.ROUTES,
    *image_routes.ROUTES,
    *identity_routes.ROUTES,
    *service_routes.ROUTES,
)
WITHOUT_IDENTITY = (*compute_routes.ROUTES, *image_routes.ROUTES, *service_routes.ROUTES)
GATEWAY = (*compute_routes.ROUTES, *service_routes.ROUTES)
_USERS = {
    "owner": 50.0,
    "admin": 12.0,
    "other": 8.0,
    "reader": 6.0,
    "stranger": 4.0,
    "unscoped": 3.0,
    "credential": 3.0,
    "none": 3.0,
    "invalid": 3.0,
    "empty": 0.5,
    "long": 0.3,
    "spoiled": 1.0,
}
_METHODS = (
    *("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "QUERY"),
    *("get", "FOO", "M-SEARCH", "BREW", "X" * 200, "!#$%&'*+-.^_`|~", "PURGE", "LOCK"),
)
_WITH_BODY = frozenset(("POST", "PUT", "PATCH"))


class Grammar:
    """Makes the requests of one connection: `routes` with their weights, mutated now and then."""

    def __init__(self, routes: Sequence[Route], world: World, host: str) -> None:
        self._routes = routes
        self._weights = [route.weight for route in routes]
        self._world = world
        self._host = host

    def request(self, dice: Dice) -> FuzzRequest:
        """The next request."""
        route = dice.choices(self._routes, self._weights)[0]
        user = dice.weighted(_USERS)
        parts = self._parts(dice, user)
        method = route.method if dice.chance(0.95) else dice.pick(_METHODS)
        request = FuzzRequest(
            route.api, method, route.template, self._target(dice, route, parts), user
        )
        self._add_body(dice, route, parts, request)
        self._add_headers(dice, route, request)
        _add_delivery(dice, request)
        return request

    def _parts(self, dice: Dice, user: str) -> Parts:
        world = self._world
        project = world.projects.get(user, world.projects["owner"])
        return {
            "image": world.image(dice) if dice.chance(0.97) else text(dice, 0.9),
            "key": dice.pick(KEYS) if dice.chance(0.8) else text(dice, 0.9),
            "project": project if dice.chance(0.9) else text(dice, 0.5),
            "user": world.user_id if dice.chance(0.9) else text(dice, 0.5),
            "credential": dice.pick([*world.credentials, "x"])
            if dice.chance(0.9)
            else text(dice, 0.9),
            "resource": dice.pick([*world.projects.values(), "default", "RegionOne", "x"]),
        }

    def _target(self, dice: Dice, route: Route, parts: Parts) -> str:
        if dice.chance(0.02):
            return secret_target(dice)
        encoded = {name: segment(dice, part) for name, part in parts.items()}
        target = route.template.format_map(encoded)
        if dice.chance(0.12):
            target = mutate_path(dice, target, self._host)
        if route.query is not None and dice.chance(0.8):
            query = query_string(dice, route.query(dice, self._world))
            target += f"?{query}" if query else ""
        return target

    def _add_body(self, dice: Dice, route: Route, parts: Parts, request: FuzzRequest) -> None:
        if route.document is not None:
            document = route.document(dice, self._world, parts)
            for _ in range(dice.weighted({0: 5, 1: 4, 2: 1, 4: 0.5})):
                document = mutate_document(dice, document)
            request.body = encode_json(dice, document)
            if dice.chance(0.06):
                request.body = mutate_bytes(dice, request.body)
        elif route.data is not None:
            request.body = route.data(dice)
        elif request.method in _WITH_BODY or dice.chance(0.03):
            request.body = b"" if dice.chance(0.7) else encode_json(dice, odd_json(dice))
        if request.body is not None and dice.chance(0.1):
            request.chunks = [dice.randint(1, 5000) for _ in range(dice.randint(0, 5))]

    def _add_headers(self, dice: Dice, route: Route, request: FuzzRequest) -> None:
        headers = request.headers
        token = self._world.token(dice, request.user)
        if token is not None:
            headers.append(("X-Auth-Token", token))
        if request.template.endswith("/auth/tokens") and dice.chance(0.8):
            headers.append(("X-Subject-Token", self._subject(dice, request)))
        if request.body is not None and dice.chance(0.97):
            right = dice.pick(route.content_types)
            headers.append(("Content-Type", right if dice.chance(0.94) else _content_type(dice)))
        for _ in range(dice.weighted({0: 5, 1: 3, 2: 1, 5: 0.4})):
            headers += dice.weighted(EXTRAS)(dice, self._world)
        if dice.chance(0.1):
            dice.shuffle(headers)

    def _subject(self, dice: Dice, request: FuzzRequest) -> str:
        """A token to look at or, if it is not one that other requests need, to end."""
        if request.method == "DELETE":
            return dice.pick([*self._world.extra_tokens, "x"])
        return self._world.token(dice, dice.pick((request.user, "owner", "other"))) or ""


def _content_type(dice: Dice) -> str:
    return dice.pick(CONTENT_TYPES) if dice.chance(0.9) else header_value(odd_text(dice))[:5000]


def _add_delivery(dice: Dice, request: FuzzRequest) -> None:
    """Have some requests sent in pieces, and some clients hang up."""
    if dice.chance(0.04):
        request.pieces = tuple(dice.randint(1, 400) for _ in range(dice.randint(1, 6)))
    if dice.chance(0.015):
        request.hang_up = dice.pick((-1, dice.randint(1, 300), dice.randint(1, 3000)))
