"""Long texts in requests do not fill memory, however many different ones clients send.

Limits are in bytes: what a process keeps of requests is truncated or bounded in total.
"""

import http.client
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.gateway.conftest import OWNER
from tests.support.cloud import Cloud, EmbeddedCloud, seed_identity
from tests.support.gateway import SERVICE, gateway
from tests.support.process import GlimpseProcess
from tests.support.resident_memory import MEGABYTE, resident_bytes

LONG = 50_000  # characters; the head of a request may have 64 kB
WARM_UP, ROUNDS = 5, 15
MAX_GROWTH = 8 * MEGABYTE  # while it receives about 25 MB of different texts


class RequestTemplate(NamedTuple):
    """A template of a request, in which TEXT, WIDE and ID stand for new texts."""

    method: str
    path: str
    headers: Mapping[str, str] = {}
    body: str | None = None

    def fill_in(self) -> "RequestTemplate":
        """Return a request with texts that were never sent before."""
        new = uuid.uuid4().hex
        texts = {"TEXT": new + "t" * LONG, "WIDE": new + "%C3%A9" * (LONG // 6), "ID": new}

        def fill(template: str) -> str:
            for name, text in texts.items():
                template = template.replace(name, text)
            return template

        headers = {name: fill(value) for name, value in self.headers.items()}
        body = fill(self.body) if self.body else None
        return RequestTemplate(fill(self.method), fill(self.path), headers, body)


def request_templates(image: str) -> Iterator[RequestTemplate]:
    """Yield requests that have a long text in different places."""
    for path in ("/v2.1/images", "/v2.1/images/detail", "/v2/images/detail", "/image/v2/images"):
        yield RequestTemplate("GET", f"{path}?name=TEXT")
        yield RequestTemplate("GET", f"{path}?name=WIDE")
        yield RequestTemplate("GET", f"{path}?property-k=TEXT&limit=1")
        yield RequestTemplate("GET", f"{path}?status=TEXT")
        yield RequestTemplate("GET", f"{path}?limit=1", {"X-Other": "TEXT"})
        yield RequestTemplate("GET", f"{path}?limit=1", {"Accept": "text/TEXT"})
    names = ",".join(str(number) for number in range(150))
    yield RequestTemplate("GET", f"/image/v2/images?name=in:ID,{names}&size_min=1")
    for query in ("TEXT=v", "tag=TEXT", "sort=TEXT"):
        yield RequestTemplate("GET", f"/image/v2/images?{query}")
    for path in ("images/TEXT", "TEXT", "images/detail?limit=1&marker=TEXT"):
        yield RequestTemplate("GET", f"/v2.1/{path}")
    yield RequestTemplate("DELETE", f"/v2.1/images/{image}/metadata/TEXT")
    yield RequestTemplate("PUT", f"/v2.1/images/{image}/metadata/k", {}, '{"meta": {"k": "TEXT"}}')
    yield RequestTemplate(
        "PUT", f"/v2.1/images/{image}/metadata/TEXT", {}, '{"meta": {"TEXT": "v"}}'
    )
    yield RequestTemplate("GET", "/identity/v3/TEXT")
    yield RequestTemplate("GET", "/TEXT")
    yield RequestTemplate("MID", "/v2.1/images")
    yield RequestTemplate("GET", "/v2.1/images", {"OpenStack-API-Version": "compute TEXT"})
    detail = "/v2.1/images/detail"
    for name, value in {
        "X-Forwarded-Host": "TEXT",
        "X-Forwarded-Prefix": "/TEXT",
        "X-Forwarded-For": "TEXT",
        "Forwarded": "host=TEXT",
        "Host": "TEXT",
    }.items():
        yield RequestTemplate("GET", detail, {name: value})


def send_all(
    cloud: Cloud, user: str, requests: list[RequestTemplate], rounds: int
) -> dict[str, list[int]]:
    """Send each request `rounds` times; return the status codes by path."""
    token = cloud.token(user) or ""
    connection = http.client.HTTPConnection(*cloud.address, timeout=20)
    statuses: dict[str, list[int]] = {}
    for _ in range(rounds):
        for request in (each.fill_in() for each in requests):
            headers = {"X-Auth-Token": token, "Content-Type": "application/json", **request.headers}
            connection.request(request.method, request.path, request.body, headers)
            response = connection.getresponse()
            response.read()
            statuses.setdefault(request.path[:40], []).append(response.status)
    connection.close()
    return statuses


def memory_growth(cloud: Cloud, user: str, requests: list[RequestTemplate]) -> int:
    """Return the bytes by which the process grows during these requests, after a warm-up."""
    send_all(cloud, user, requests, WARM_UP)
    before = resident_bytes(cloud.process.pid)
    statuses = send_all(cloud, user, requests, ROUNDS)
    failed = {path: set(found) for path, found in statuses.items() if max(found) >= 500}
    assert not failed, failed
    return resident_bytes(cloud.process.pid) - before


def configuration(tmp_path: Path) -> list[str]:
    conf = tmp_path / "glimpse.conf"
    conf.write_text("[oslo_middleware]\nenable_proxy_headers_parsing = true\n")
    return ["--config-file", str(conf)]


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[EmbeddedCloud]:
    seed_identity(tmp_path / "state", [OWNER])
    with GlimpseProcess(tmp_path / "state", arguments=configuration(tmp_path)) as process:
        yield EmbeddedCloud(process)


def make_image(cloud: Cloud) -> str:
    made = cloud.request("owner", "POST", "/image/v2/images", b'{"name": "one", "tags": ["a"]}')
    assert made.status == 201, str(made)
    return str(made.json()["id"])


def test_long_texts_that_differ_between_requests_are_not_cached(
    embedded: EmbeddedCloud,
) -> None:
    grown = memory_growth(embedded, "owner", list(request_templates(make_image(embedded))))
    assert grown < MAX_GROWTH, f"{grown / MEGABYTE:.0f} MB more"


def test_a_gateway_caches_no_long_texts(tmp_path: Path) -> None:
    seed_identity(tmp_path / "behind", [OWNER, SERVICE])
    with GlimpseProcess(tmp_path / "behind") as process:
        backend = EmbeddedCloud(process)
        image = make_image(backend)
        sections = {"oslo_middleware": {"enable_proxy_headers_parsing": True}}
        with gateway(tmp_path / "gateway", backend, sections) as cloud:
            requests = [each for each in request_templates(image) if each.path.startswith("/v2")]
            grown = memory_growth(cloud, "owner", requests)
    assert grown < MAX_GROWTH, f"{grown / MEGABYTE:.0f} MB more"
