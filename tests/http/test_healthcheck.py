"""The responses of the health check are those of oslo.middleware 8.2.0."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from glimpse.http.healthcheck import Healthcheck
from glimpse.settings import load_settings
from tests.support.asgi import request
from tests.support.parameter_ids import parameter_id

PLAIN = "text/plain; charset=UTF-8"
OK_JSON = b'{\n    "detailed": false,\n    "reasons": [\n        "OK"\n    ]\n}'
OFF_JSON = b'{\n    "detailed": false,\n    "reasons": [\n        "DISABLED BY FILE"\n    ]\n}'


def healthcheck(**values: Any) -> Healthcheck:
    """Return a health check with these options and defaults."""
    overrides = {f"healthcheck.{name}": value for name, value in values.items()}
    return Healthcheck(**asdict(load_settings([], overrides).healthcheck))


class Served:
    """A health check in front of an API that responds with 418."""

    def __init__(self, healthcheck: Healthcheck) -> None:
        self._healthcheck = healthcheck

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        scope["glimpse.headers"] = dict(scope["headers"])
        if self._healthcheck.matches(scope):
            await self._healthcheck(scope, send)
        else:
            await send({"type": "http.response.start", "status": 418, "headers": []})
            await send({"type": "http.response.body"})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "disabled"


@pytest.mark.parametrize(
    ("method", "accept", "status", "content_type", "body"),
    [
        ("GET", None, 200, PLAIN, b"OK"),
        ("POST", None, 200, PLAIN, b"OK"),
        ("OPTIONS", None, 200, PLAIN, b"OK"),
        ("HEAD", None, 204, None, b""),
        ("GET", "*/*", 200, PLAIN, b"OK"),
        ("GET", "image/png", 200, PLAIN, b"OK"),
        ("GET", "garbage", 200, PLAIN, b"OK"),
        ("GET", "application/json", 200, "application/json", OK_JSON),
        ("GET", "application/*", 200, "application/json", OK_JSON),
        ("GET", "application/json;q=0.5, text/plain;q=0.2", 200, "application/json", OK_JSON),
    ],
)
def test_a_healthy_process_is_200(
    method: str, accept: str | None, status: int, content_type: str | None, body: bytes
) -> None:
    response = request(Served(healthcheck()), method, "/healthcheck", _accepting(accept))
    assert (response.status, response.header("content-type"), response.body) == (
        status,
        content_type,
        body,
    ), str(response)


@pytest.mark.parametrize(
    ("method", "accept", "content_type", "body"),
    [
        ("GET", None, PLAIN, b"DISABLED BY FILE"),
        ("OPTIONS", None, PLAIN, b"DISABLED BY FILE"),
        ("HEAD", None, PLAIN, b""),
        ("GET", "application/json", "application/json", OFF_JSON),
    ],
)
def test_a_file_makes_the_health_check_fail(
    file: Path, method: str, accept: str | None, content_type: str, body: bytes
) -> None:
    served = Served(healthcheck(disable_by_file_path=str(file)))
    assert (request(served, "GET", "/healthcheck")).body == b"OK"
    file.touch()
    response = request(served, method, "/healthcheck", _accepting(accept))
    assert (response.status, response.header("content-type"), response.body) == (
        503,
        content_type,
        body,
    )
    file.unlink()
    assert (request(served, "GET", "/healthcheck")).body == b"OK"


def test_the_body_has_a_line_for_each_backend(file: Path) -> None:
    file.touch()
    served = Served(
        healthcheck(
            backends=["disable_by_file", "disable_by_files_ports"],
            disable_by_file_path=str(file),
            disable_by_file_paths=[f"80:{file}", f"81:{file}/nowhere"],
        )
    )
    response = request(served, "GET", "/healthcheck", port=80)
    assert (response.status, response.body) == (503, b"DISABLED BY FILE\nDISABLED BY FILE")
    response = request(served, "GET", "/healthcheck", port=81)
    assert (response.status, response.body) == (503, b"DISABLED BY FILE\nOK")


def test_enable_by_files_fails_for_a_missing_file(file: Path) -> None:
    served = Served(healthcheck(backends=["enable_by_files"], enable_by_file_paths=[str(file)]))
    response = request(served, "GET", "/healthcheck")
    assert (response.status, response.body) == (503, b"FILE PATH MISSING")
    file.touch()
    assert (request(served, "GET", "/healthcheck")).body == b"OK"


def test_a_file_that_cannot_be_looked_up_counts_as_missing() -> None:
    path = "/" + "x" * 300  # no file system has such a name: OSError
    served = Served(healthcheck(disable_by_file_path=path))
    response = request(served, "GET", "/healthcheck")
    assert (response.status, response.body) == (200, b"OK")
    served = Served(healthcheck(backends=["enable_by_files"], enable_by_file_paths=[path]))
    response = request(served, "GET", "/healthcheck")
    assert (response.status, response.body) == (503, b"FILE PATH MISSING")


def test_without_a_backend_the_body_is_empty() -> None:
    response = request(Served(healthcheck(backends=[])), "GET", "/healthcheck")
    assert (response.status, response.body) == (200, b"")


def test_detailed_results_have_the_details_of_each_backend(file: Path) -> None:
    file.touch()
    served = Served(healthcheck(detailed=True, disable_by_file_path=str(file)))
    document = (request(served, "GET", "/healthcheck", _accepting("application/json"))).json()
    assert document["reasons"] == [
        {
            "class": "HealthcheckResult",
            "details": f"Path '{file}' was found",
            "reason": "DISABLED BY FILE",
        }
    ]
    assert set(document) == {
        *("detailed", "gc", "greenthreads", "now", "platform", "python_version"),
        *("reasons", "threads"),
    }
    page = request(served, "GET", "/healthcheck", _accepting("text/html"))
    assert page.header("content-type") == "text/html; charset=UTF-8"
    assert b"DISABLED BY FILE" in page.body


@pytest.mark.parametrize(
    ("values", "headers", "status"),
    [
        ({"allowed_source_ranges": ["127.0.0.0/8"]}, {}, 200),
        ({"allowed_source_ranges": ["10.0.0.0/8", "::/0"]}, {}, 418),
        ({"ignore_proxied_requests": True}, {}, 200),
        ({"ignore_proxied_requests": True}, {"X-Forwarded-For": "10.1.1.1"}, 418),
        ({"ignore_proxied_requests": True}, {"X-Forwarded-Proto": "https"}, 418),
        ({}, {"X-Forwarded-For": "10.1.1.1"}, 200),
        ({"path": "/alive"}, {}, 418),
    ],
    ids=parameter_id,
)
def test_other_requests_reach_the_api(
    values: Mapping[str, Any], headers: Mapping[str, str], status: int
) -> None:
    response = request(Served(healthcheck(**values)), "GET", "/healthcheck", headers)
    assert response.status == status


def test_paths_below_the_configured_one_are_health_checks() -> None:
    served = Served(healthcheck())
    assert (request(served, "GET", "/healthcheck/more")).status == 200
    assert (request(served, "GET", "/healthchecks")).status == 418


@pytest.mark.parametrize(
    "values",
    [
        {"backends": ["disable_by_file", "enable_by_files"]},
        {"disable_by_file_paths": ["no-port"]},
        {"allowed_source_ranges": ["everywhere"]},
    ],
)
def test_invalid_health_options_raise_value_error(values: Mapping[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        healthcheck(**values)


def _accepting(accept: str | None) -> Mapping[str, str]:
    return {} if accept is None else {"Accept": accept}
