"""Health checks are served at the root and below each mounted API."""

from dataclasses import asdict
from typing import Any

import pytest

from glimpse.http.health_middleware import HealthMiddleware
from glimpse.http.healthcheck import Healthcheck
from glimpse.http.readiness import Readiness
from glimpse.settings import load_settings
from tests.support.asgi import request


class Served:
    """The middleware in front of an API that responds with 418."""

    def __init__(self) -> None:
        check = Healthcheck(**asdict(load_settings().healthcheck))
        self._app = HealthMiddleware(self._api, check, Readiness({}), ("/image", "/identity"))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scope["glimpse.headers"] = dict(scope["headers"])
        await self._app(scope, receive, send)

    async def _api(self, _scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 418, "headers": []})
        await send({"type": "http.response.body"})


@pytest.mark.parametrize(
    ("path", "status"),
    [
        *(("/healthcheck", 200), ("/healthcheck/x", 200), ("/healthcheckx", 418)),
        *(("/image/healthcheck", 200), ("/identity/healthcheck/x", 200)),
        *(("/image/healthcheckx", 418), ("/image/image/healthcheck", 418)),
        *(("/images/healthcheck", 418), ("/image/readiness", 418), ("/", 418)),
    ],
)
def test_only_the_paths_of_health_checks_are_not_passed_on(path: str, status: int) -> None:
    assert request(Served(), "GET", path).status == status
