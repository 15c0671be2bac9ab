"""Hand-written scenarios of the Identity API that change resources and assignments."""

from collections.abc import Iterator
from typing import Any

from tests.differential.api_request import ApiRequest, Scenario, identity_call, numbered
from tests.differential.base_images import CREW
from tests.differential.identity_requests import PROJECT, login, login_and_save, password
from tests.differential.resource_bodies import BODIES, numbered_texts


def resources() -> Iterator[Scenario]:
    """Yield requests that create resources; what is created is read, changed and deleted."""
    rows = []
    for kind, bodies in BODIES.items():
        for number, body in enumerate(bodies):
            document = numbered_texts(body, f"{kind}{number}")
            rows.append(_life(kind, document) if number < 3 else _creation(kind, document))
        invalid: tuple[Any, ...] = ([], None, "x")
        rows.append([identity_call("POST", f"/{kind}s", {kind: each}) for each in invalid])
        raw = (b"", b"{", b"{}", b"[]")
        json = {"Content-Type": "application/json"}
        rows.append([identity_call("POST", f"/{kind}s", body, headers=json) for body in raw])
        new = {"name": f"{kind}-refused", "type": "refused"}
        for user in ("owner", "none"):
            rows.append([identity_call("POST", f"/{kind}s", {kind: new}, user)])
            rows.append([identity_call("PATCH", f"/{kind}s/nothing", {kind: new}, user)])
            rows.append([identity_call("DELETE", f"/{kind}s/nothing", None, user)])
    yield from numbered("resource", rows)


def _creation(kind: str, body: Any) -> list[ApiRequest]:
    """Return requests that create a resource, read it, and remove it."""
    path = f"/{kind}s/<made>"
    return [
        identity_call("POST", f"/{kind}s", {kind: body}, saves={"made": f"{kind}.id"}),
        identity_call("GET", path),
        *_removal(kind),
    ]


def _removal(kind: str) -> list[ApiRequest]:
    """Return requests that disable a resource, as Keystone needs for a domain, and delete it."""
    path = f"/{kind}s/<made>"
    return [
        identity_call("PATCH", path, {kind: {"enabled": False}}),
        identity_call("DELETE", path),
    ]


def _life(kind: str, body: Any) -> list[ApiRequest]:
    """Return requests for the whole life of a resource, if it can be created."""
    path = f"/{kind}s/<made>"
    bodies: tuple[Any, ...] = (
        *({kind: {"description": "changed", "extra": "e"}}, {kind: {"name": ""}}, {}, {kind: []}),
        *({kind: {"id": "x"}}, {kind: {"name": None}}, {kind: {"enabled": "x"}}),
    )
    first, *rest = _creation(kind, body)
    again = identity_call("POST", f"/{kind}s", {kind: body})
    changes = [identity_call("PATCH", path, each) for each in bodies]
    gone = [identity_call(method, path) for method in ("GET", "DELETE")]
    return [first, again, *changes, *rest, *gone] if "name" in body else [first, *rest]


def assignments() -> Iterator[Scenario]:
    """Yield assignments of roles to a new user, their check and removal."""
    rows = []
    for place in (f"/projects/{CREW}", "/domains/default", "/system"):
        rows.append(_assigned(place))
        for user in ("owner", "none"):
            mine = f"{place}/users/<user:reader>/roles/<role:service>"
            methods = ("PUT", "HEAD", "DELETE")
            rows.append([identity_call(method, mine, None, user) for method in methods])
        for rest in (
            *("users/x/roles/<role:member>", "users/<user:owner>/roles/x"),
            "groups/x/roles/<role:member>",
        ):
            path = f"{place}/{rest}"
            rows.append([identity_call(each, path) for each in ("PUT", "HEAD", "GET", "DELETE")])
    path = "/projects/x/users/<user:owner>/roles/<role:member>"
    rows.append([identity_call(each, path) for each in ("PUT", "HEAD", "DELETE")])
    yield from numbered("assignment", rows)


def _assigned(place: str) -> list[ApiRequest]:
    one = f"{place}/users/<made>/roles/<role:member>"
    new = {"user": {"name": "assigned", "password": "p"}}
    return [
        identity_call("POST", "/users", new, saves={"made": "user.id"}),
        *(identity_call(method, one) for method in ("HEAD", "PUT", "PUT", "HEAD", "GET")),
        identity_call("GET", f"{place}/users/<made>/roles"),
        identity_call("GET", "/role_assignments?user.id=<made>"),
        identity_call("GET", "/role_assignments?user.id=<made>&include_names"),
        identity_call("GET", "/users/<made>/projects"),
        login_and_save(password(name="assigned", password="p"), PROJECT),
        *(identity_call(method, one) for method in ("DELETE", "DELETE", "HEAD", "GET")),
        identity_call("GET", "/auth/tokens", headers={"X-Subject-Token": "<fresh>"}),
        identity_call("DELETE", "/users/<made>"),
        identity_call("GET", "/role_assignments?user.id=<made>"),
    ]


_PASSWORDS: tuple[Any, ...] = (
    *({"user": {"password": "q"}}, {}, {"user": {}}, {"user": None}, []),
    *({"user": {"password": "q", "original_password": "x"}}, {"user": {"original_password": "p"}}),
    {"user": {"password": 1, "original_password": "p"}},
    {"user": {"password": "q", "original_password": "p"}},
)


def passwords() -> Iterator[Scenario]:
    """Yield changes of a user's own password."""
    new = {"user": {"name": "changer", "password": "p"}}
    path = "/users/<made>/password"
    own = {"X-Auth-Token": "<fresh>"}
    rows = [
        [
            identity_call("POST", "/users", new, saves={"made": "user.id"}),
            login_and_save(password(name="changer", password="p")),
            *(identity_call("POST", path, each, None, own) for each in _PASSWORDS),
            identity_call("GET", "/auth/projects", None, None, own),
            login(password(name="changer", password="p")),
            login(password(name="changer", password="q")),
            identity_call("DELETE", "/users/<made>"),
        ]
    ]
    rows += [
        [identity_call("POST", f"/users/{who}/password", _PASSWORDS[-1], user)]
        for who in ("<user:reader>", "nobody")
        for user in ("owner", "admin", "none")
    ]
    yield from numbered("password", rows)
