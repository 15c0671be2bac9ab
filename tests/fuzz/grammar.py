"""Grammar: makes random requests from the tables of routes."""

from collections.abc import Sequence

from glimpse.identity.embedded.standard_roles import ROLE_NAMES, role_id_of
from tests.fuzz import (
    compute_routes,
    identity_routes,
    image_routes,
    server_routes,
    service_routes,
)
from tests.fuzz.cloud_state import CloudState
from tests.fuzz.compute_routes import KEYS
from tests.fuzz.headers import CONTENT_TYPES, EXTRAS
from tests.fuzz.json_bodies import encode_json, mutate_bytes, mutate_document, odd_json
from tests.fuzz.random_source import RandomSource
from tests.fuzz.request import FuzzRequest
from tests.fuzz.routes import Parts, Route
from tests.fuzz.targets import mutate_path, query_string, secret_target, segment
from tests.fuzz.values import header_value, odd_text, text

EMBEDDED = (
    *compute_routes.ROUTES,
    *server_routes.ROUTES,
    *image_routes.ROUTES,
    *identity_routes.ROUTES,
    *service_routes.ROUTES,
)
WITHOUT_IDENTITY = (
    *compute_routes.ROUTES,
    *server_routes.ROUTES,
    *image_routes.ROUTES,
    *service_routes.ROUTES,
)
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
    """Makes requests from `routes` by their weights, with mutations."""

    def __init__(self, routes: Sequence[Route], state: CloudState, host: str) -> None:
        self._routes = routes
        self._weights = [route.weight for route in routes]
        self._state = state
        self._host = host

    def request(self, rng: RandomSource) -> FuzzRequest:
        """Return the next request."""
        route = rng.choices(self._routes, self._weights)[0]
        user = rng.weighted(_USERS)
        method = route.method if rng.chance(0.95) else rng.pick(_METHODS)
        parts = self._parts(rng, user, method)
        request = FuzzRequest(
            route.api, method, route.template, self._target(rng, route, parts), user
        )
        self._add_body(rng, route, parts, request)
        self._add_headers(rng, route, request)
        _add_delivery(rng, request)
        return request

    def _parts(self, rng: RandomSource, user: str, method: str) -> Parts:
        """Return the variable parts of a path. No request changes what other requests need."""
        state = self._state
        needed = (*state.projects.values(), "default", "RegionOne") if method == "GET" else ()
        project = state.projects.get(user, state.projects["owner"])
        return {
            "image": state.image(rng) if rng.chance(0.97) else text(rng, 0.9),
            "server": state.server(rng) if rng.chance(0.97) else text(rng, 0.9),
            "key": rng.pick(KEYS) if rng.chance(0.8) else text(rng, 0.9),
            "project": project if rng.chance(0.9) else text(rng, 0.5),
            "user": state.user_id if rng.chance(0.9) else text(rng, 0.5),
            "credential": rng.pick([*state.credentials, "x"])
            if rng.chance(0.9)
            else text(rng, 0.9),
            "role": rng.pick([*map(role_id_of, ROLE_NAMES), *state.made, "x"]),
            "resource": rng.pick([*needed, *state.made, "x"]),
        }

    def _target(self, rng: RandomSource, route: Route, parts: Parts) -> str:
        if rng.chance(0.02):
            return secret_target(rng)
        encoded = {name: segment(rng, part) for name, part in parts.items()}
        target = route.template.format_map(encoded)
        if rng.chance(0.12):
            target = mutate_path(rng, target, self._host)
        if route.query is not None and rng.chance(0.8):
            query = query_string(rng, route.query(rng, self._state))
            target += f"?{query}" if query else ""
        return target

    def _add_body(
        self, rng: RandomSource, route: Route, parts: Parts, request: FuzzRequest
    ) -> None:
        if route.document is not None:
            document = route.document(rng, self._state, parts)
            for _ in range(rng.weighted({0: 5, 1: 4, 2: 1, 4: 0.5})):
                document = mutate_document(rng, document)
            request.body = encode_json(rng, document)
            if rng.chance(0.06):
                request.body = mutate_bytes(rng, request.body)
        elif route.data is not None:
            request.body = route.data(rng)
        elif request.method in _WITH_BODY or rng.chance(0.03):
            request.body = b"" if rng.chance(0.7) else encode_json(rng, odd_json(rng))
        if request.body is not None and rng.chance(0.1):
            request.chunks = [rng.randint(1, 5000) for _ in range(rng.randint(0, 5))]

    def _add_headers(self, rng: RandomSource, route: Route, request: FuzzRequest) -> None:
        headers = request.headers
        token = self._state.token(rng, request.user)
        if token is not None:
            headers.append(("X-Auth-Token", token))
        if request.template.endswith("/auth/tokens") and rng.chance(0.8):
            headers.append(("X-Subject-Token", self._subject(rng, request)))
        if request.body is not None and rng.chance(0.97):
            right = rng.pick(route.content_types)
            headers.append(("Content-Type", right if rng.chance(0.94) else _content_type(rng)))
        for _ in range(rng.weighted({0: 5, 1: 3, 2: 1, 5: 0.4})):
            headers += rng.weighted(EXTRAS)(rng, self._state)
        if rng.chance(0.1):
            rng.shuffle(headers)

    def _subject(self, rng: RandomSource, request: FuzzRequest) -> str:
        """Return a token to validate or to revoke; never revoke one that other requests use."""
        if request.method == "DELETE":
            return rng.pick([*self._state.extra_tokens, "x"])
        return self._state.token(rng, rng.pick((request.user, "owner", "other"))) or ""


def _content_type(rng: RandomSource) -> str:
    return rng.pick(CONTENT_TYPES) if rng.chance(0.9) else header_value(odd_text(rng))[:5000]


def _add_delivery(rng: RandomSource, request: FuzzRequest) -> None:
    """Mark some requests to be sent in pieces, some to be cut off by the client."""
    if rng.chance(0.04):
        request.pieces = tuple(rng.randint(1, 400) for _ in range(rng.randint(1, 6)))
    if rng.chance(0.015):
        request.hang_up = rng.pick((-1, rng.randint(1, 300), rng.randint(1, 3000)))
