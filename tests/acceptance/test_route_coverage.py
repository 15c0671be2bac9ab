"""Each route has a row in the tables of the fuzzer, and if needed of roles and tenancy."""

import re
from collections.abc import Callable
from pathlib import Path
from unittest.mock import create_autospec

import pytest
from starlette.routing import Match, Route

from glimpse.compute.image_operations import ImageOperations
from glimpse.compute.image_routes import IMAGE_ROUTES as COMPUTE_ROUTES
from glimpse.compute.image_routes import image_routes
from glimpse.compute.servers.operations import ServerOperations
from glimpse.compute.servers.routes import _ROUTES as SERVER_ROUTES
from glimpse.compute.servers.routes import server_routes
from glimpse.identity_api import routes as identity_routes
from glimpse.image_api.routes import _ROUTES as IMAGE_ROUTES
from tests.acceptance import roles, server_roles, tenancy
from tests.compute import test_removed_microversions as removed_microversions
from tests.fuzz import compute_routes as compute_fuzz
from tests.fuzz import identity_routes as identity_fuzz
from tests.fuzz import image_routes as image_fuzz
from tests.fuzz import server_routes as server_fuzz
from tests.support.embedded import open_identity

COMPUTE = {route.name for route in COMPUTE_ROUTES}
SERVERS = {handler.__name__ for _, _, handler in SERVER_ROUTES}
# The tables only find routes here: no handler is called.
COMPUTE_TABLE = image_routes(create_autospec(ImageOperations))
SERVER_TABLE = server_routes(create_autospec(ServerOperations))
IMAGE = {
    (method, re.sub(r"\{\w+\}", "{}", path))
    for path, handlers in IMAGE_ROUTES
    for method in handlers
}


def _compute_operation(method: str, path: str) -> str | None:
    """Return the operation of a request below /v2.1; None if there is none."""
    match = COMPUTE_TABLE.match(method, "/v2.1", path)
    return match.route.name if match else None


def _server_operation(method: str, path: str) -> str | None:
    """Return the operation on servers of a request below /v2.1; None if there is none."""
    match = SERVER_TABLE.match(method, "/v2.1", path)
    return match.route.name if match else None


def _image_route(method: str, path: str) -> tuple[str, str]:
    """Return the method and the path below /image with anonymous variables, as in IMAGE."""
    return method, re.sub(r"\{\w+\}", "{}", path.partition("?")[0])


@pytest.mark.parametrize("version_root", ["/v2.1", "/v2"])
def test_every_operation_of_the_compute_api_is_fuzzed(version_root: str) -> None:
    fuzzed = {
        _compute_operation(row.method, row.template.removeprefix(version_root))
        for row in compute_fuzz.ROUTES
        if row.template.startswith(f"{version_root}/")
    }
    assert COMPUTE - fuzzed == set(), "add a row to tests/fuzz/compute_routes.py"


def test_every_operation_of_the_compute_api_is_tested_with_every_role() -> None:
    tested = {
        _compute_operation(operation.method, operation.path)
        for operation in roles.OPERATIONS
        if operation.api == "compute"
    }
    assert COMPUTE - tested == set(), "add a row to tests/acceptance/roles.py"


def test_the_last_microversion_of_every_operation_is_tested() -> None:
    tested = {
        (_compute_operation(method, path.removeprefix("/v2.1")), last)
        for method, path, _, last in removed_microversions.OPERATIONS
    }
    declared = {
        (route.name, route.last_microversion.minor)
        for route in COMPUTE_ROUTES
        if route.last_microversion is not None
    }
    assert declared - tested == set(), "add a row to tests/compute/test_removed_microversions.py"


@pytest.mark.parametrize("version_root", ["/v2.1", "/v2"])
def test_every_operation_on_servers_is_fuzzed(version_root: str) -> None:
    fuzzed = {
        _server_operation(row.method, row.template.removeprefix(version_root))
        for row in server_fuzz.ROUTES
        if row.template.startswith(f"{version_root}/")
    }
    assert SERVERS - fuzzed == set(), "add a row to tests/fuzz/server_routes.py"


def test_every_operation_on_servers_is_tested_with_every_role() -> None:
    tested = {
        _server_operation(operation.method, operation.path.partition("?")[0])
        for operation in server_roles.OPERATIONS
    }
    assert SERVERS - tested == set(), "add a row to tests/acceptance/server_roles.py"


def test_every_operation_on_images_is_tested_across_projects() -> None:
    tested = {
        _compute_operation(operation.method, f"/images{operation.path}")
        for operation in tenancy.OPERATIONS
    }
    with_images = {route.name for route in COMPUTE_ROUTES if route.path.startswith("/images")}
    assert with_images - tested == set(), "add a row to tests/acceptance/tenancy.py"


def test_every_route_of_the_image_api_is_fuzzed() -> None:
    fuzzed = {
        _image_route(row.method, row.template.removeprefix("/image")) for row in image_fuzz.ROUTES
    }
    assert IMAGE - fuzzed == set(), "add a row to tests/fuzz/image_routes.py"


def test_every_route_of_the_image_api_is_tested_with_every_role() -> None:
    tested = {
        _image_route(operation.method, f"/v2{operation.path}")
        for operation in roles.OPERATIONS
        if operation.api == "image"
    }
    assert IMAGE - tested == set(), "add a row to tests/acceptance/roles.py"


def test_every_route_of_the_identity_api_is_fuzzed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    routes = _identity_routes(tmp_path, monkeypatch)
    assert len(routes) > 20, "the routes are not found any more"
    fuzzed = [
        _first_match(routes, row.method, row.template.removeprefix("/identity") or "/")
        for row in identity_fuzz.ROUTES
    ]
    missing = [f"{route.methods} {route.path}" for route in routes if route not in fuzzed]
    assert missing == [], "add a row to tests/fuzz/identity_routes.py"


def _identity_routes(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> list[Route]:
    """Return the routes of the Identity API."""
    made: list[Route] = []

    def make_route(path: str, handler: Callable[..., object], *, methods: list[str]) -> Route:
        made.append(Route(path, handler, methods=methods))
        return made[-1]

    monkeypatch.setattr(identity_routes, "Route", make_route)
    identity_routes.identity_api(open_identity(state_dir))
    return made


def _first_match(routes: list[Route], method: str, path: str) -> Route | None:
    """Return the route that serves a request; None if there is none."""
    scope = {"type": "http", "method": method, "path": path}
    return next((route for route in routes if route.matches(scope)[0] is Match.FULL), None)
