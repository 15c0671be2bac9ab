"""The headers of `glimpse.http.cors` are those of oslo.middleware, for the same options."""

import json
import subprocess
from collections.abc import Mapping
from itertools import product
from typing import Any

import pytest

from glimpse.http.cors import CorsPolicy
from tests.peers.install import PROGRAMS

pytestmark = pytest.mark.peers

PAGE = "https://horizon.example.com"
OPTIONS: list[dict[str, Any]] = [
    {"allowed_origin": [PAGE]},
    {"allowed_origin": ["*"], "allow_credentials": False},
    {"allowed_origin": ["*", PAGE, "http://localhost"], "max_age": 0, "expose_headers": ["ETag"]},
    {"allowed_origin": [PAGE], "allow_methods": ["GET"], "allow_headers": ["X-Auth-Token"]},
]
DEFAULTS: dict[str, Any] = {
    "allow_credentials": True,
    "expose_headers": [],
    "max_age": 3600,
    "allow_methods": ["GET", "PUT", "DELETE"],
    "allow_headers": ["X-Auth-Token", "OpenStack-API-Version"],
}
ORIGINS = (None, "", PAGE, f"{PAGE}/", PAGE.upper(), "http://localhost", "null", "*")
METHODS = (None, "", "GET", "get", "PUT", "TRACE")
NAMES = (None, "", ",", "x-auth-token", " X-Auth-Token , Content-Type,", "x-other", "x-auth-token;")
# Reads a list of [options, method, headers] as JSON; prints, for each, the headers that
# oslo.middleware adds to a response without headers, sorted.
PROGRAM = """
import json, sys
from oslo_config import cfg
from oslo_middleware.cors import CORS
from webob import Request, Response

found = []
for options, method, headers in json.load(sys.stdin):
    conf = cfg.ConfigOpts()
    conf([])
    middleware = CORS(None, conf)
    middleware.add_origin(**options)
    request = Request.blank("/", method=method, headers=headers)
    response = middleware.process_response(Response(headerlist=[]), request)
    pairs = ([name.lower(), value] for name, value in response.headerlist)
    found.append(sorted(pair for pair in pairs if pair[0] != "content-length"))
json.dump(found, sys.stdout)
"""


def exchanges() -> list[tuple[dict[str, Any], str, dict[str, str]]]:
    """Return all combinations of options, and of a request's method and headers."""
    found = []
    for options, method, values in product(
        OPTIONS, ("GET", "OPTIONS"), product(ORIGINS, METHODS, NAMES)
    ):
        names = ("Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers")
        headers = {
            name: value for name, value in zip(names, values, strict=True) if value is not None
        }
        found.append((DEFAULTS | options, method, headers))
    return found


def added(options: Mapping[str, Any], method: str, headers: Mapping[str, str]) -> list[list[str]]:
    """Return the names and values that CorsPolicy adds, sorted."""
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    found = CorsPolicy(**options).response_headers(method, pairs)
    return sorted([name.decode(), value.decode()] for name, value in found)


def test_each_exchange_has_the_headers_of_oslo_middleware() -> None:
    asked = exchanges()
    done = subprocess.run(
        [PROGRAMS / "python", "-c", PROGRAM],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
    )
    expected = json.loads(done.stdout)
    different = [
        (exchange, ours, theirs)
        for exchange, theirs in zip(asked, expected, strict=True)
        if (ours := added(*exchange)) != theirs
    ]
    assert not different, different[:3]
    assert sum(map(bool, expected)) > 100  # not all are refused
