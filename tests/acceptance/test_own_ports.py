"""The Image API and the Identity API at their own ports: what each port and link names."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from glimpse.identity.embedded.identity_file import IdentityFile
from tests.acceptance.conftest import MEMBERS
from tests.support.cloud import EmbeddedCloud, seed_identity
from tests.support.http import Response, request
from tests.support.process import GlimpseProcess, free_port, run_glimpse, wait_until


class OwnPorts(EmbeddedCloud):
    """A cloud of two workers whose APIs have a port each."""

    def __init__(self, process: GlimpseProcess, image_port: int, identity_port: int) -> None:
        super().__init__(process)
        self.image = ("127.0.0.1", image_port)
        self.identity = ("127.0.0.1", identity_port)

    def send(
        self,
        address: tuple[str, int],
        method: str,
        target: str,
        document: object = None,
        **headers: str,
    ) -> Response:
        """Send a request with an admin's token to one of the ports."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        body = None if document is None else json.dumps(document).encode()
        token = {"X-Auth-Token": str(self.token("admin"))}
        kind = {} if body is None else {"Content-Type": "application/json"}
        return request(address, method, target, token | kind | more, body)

    def endpoints(self, address: tuple[str, int], target: str, **headers: str) -> dict[str, str]:
        """Return the URL of each service in the catalog that an address shows."""
        response = self.send(address, "GET", target, **headers)
        assert response.status == 200, str(response)
        catalog = response.json()["catalog"]
        return {each["type"]: each["endpoints"][0]["url"] for each in catalog}


def url(address: tuple[str, int]) -> str:
    return f"http://{address[0]}:{address[1]}"


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnPorts]:
    directory: Path = tmp_path_factory.mktemp("ports")
    image_port, identity_port = free_port(), free_port()
    conf = directory / "glimpse.conf"
    conf.write_text(
        f"[glimpse]\nimage_port = {image_port}\nidentity_port = {identity_port}\n"
        "[oslo_middleware]\nenable_proxy_headers_parsing = true\n"
    )
    seed_identity(directory / "state", MEMBERS)
    arguments = ["--config-file", str(conf), "--workers", "2"]
    with GlimpseProcess(directory / "state", arguments=arguments) as process:
        yield OwnPorts(process, image_port, identity_port)


def test_the_catalog_names_the_port_of_each_api(ports: OwnPorts) -> None:
    expected = {
        "compute": f"{url(ports.address)}/v2.1",
        "image": f"{url(ports.image)}/v2",
        "identity": f"{url(ports.identity)}/v3",
    }
    assert ports.endpoints(ports.identity, "/v3/auth/catalog") == expected
    assert ports.endpoints(ports.address, "/identity/v3/auth/catalog") == expected


def test_a_proxy_of_the_compute_port_gets_a_catalog_of_paths(ports: OwnPorts) -> None:
    """Other ports than the one that the client used may not be reachable through the proxy."""
    found = ports.endpoints(
        ports.address,
        "/identity/v3/auth/catalog",
        X_Forwarded_Host="cloud.example",
        X_Forwarded_Proto="https",
    )
    assert found == {
        "compute": "https://cloud.example/v2.1",
        "image": "https://cloud.example/image/v2",
        "identity": "https://cloud.example/identity/v3",
    }


def test_the_next_link_of_the_image_api_leads_to_the_next_page(ports: OwnPorts) -> None:
    """A client that resolves the link against the host reaches the Image API."""
    created = []
    for number in range(3):
        response = ports.send(ports.image, "POST", "/v2/images", {"name": f"page-{number}"})
        assert response.status == 201, str(response)
        created.append(response.json()["id"])
        assert response.header("Location") == f"{url(ports.image)}/v2/images/{created[-1]}"
    found: list[str] = []
    following: str | None = "/v2/images?limit=2"
    while following:
        page = ports.send(ports.image, "GET", following).json()
        found += [image["id"] for image in page["images"]]
        following = page.get("next")
    assert sorted(found) == sorted(created)


def self_links(document: Any) -> Iterator[str]:
    """Yield all links ``self`` of the objects in a document."""
    if isinstance(document, dict):
        if isinstance(document.get("links"), dict):
            yield document["links"]["self"]
        for value in document.values():
            yield from self_links(value)
    elif isinstance(document, list):
        for each in document:
            yield from self_links(each)


@pytest.mark.parametrize(
    "kind", ["projects", "users", "roles", "domains", "services", "endpoints", "regions"]
)
def test_links_begin_with_the_url_of_the_api_that_was_asked(ports: OwnPorts, kind: str) -> None:
    for address, root in (
        (ports.identity, url(ports.identity)),
        (ports.address, f"{url(ports.address)}/identity"),
    ):
        target = root.removeprefix(url(address)) + f"/v3/{kind}"
        response = ports.send(address, "GET", target)
        assert response.status == 200, str(response)
        links = [*self_links(response.json())]
        assert len(links) > 1
        assert [link for link in links if not link.startswith(f"{root}/v3/{kind}")] == []


def test_version_documents_name_the_port_that_was_asked(ports: OwnPorts) -> None:
    versions = request(ports.image, "GET", "/").json()["versions"]
    assert {each["links"][0]["href"] for each in versions} == {f"{url(ports.image)}/v2/"}
    response = request(ports.identity, "GET", "/")
    assert response.header("Location") == f"{url(ports.identity)}/v3/"
    (version,) = response.json()["versions"]["values"]
    assert version["links"][0]["href"] == f"{url(ports.identity)}/v3/"
    mounted = request(ports.address, "GET", "/image/versions").json()["versions"]
    assert mounted[0]["links"][0]["href"] == f"{url(ports.address)}/image/v2/"


def test_a_401_names_the_port_of_the_identity_api(ports: OwnPorts) -> None:
    identity = f'Keystone uri="{url(ports.identity)}'
    for address, target in (
        (ports.address, "/v2.1/images"),
        (ports.image, "/v2/images"),
        (ports.identity, "/v3/auth/catalog"),
    ):
        challenge = request(address, "GET", target).header("WWW-Authenticate")
        assert str(challenge).startswith(identity), (target, challenge)


def test_links_of_compute_name_the_port_of_the_image_api(ports: OwnPorts) -> None:
    image_id = ports.send(ports.image, "POST", "/v2/images", {"name": "linked"}).json()["id"]
    response = ports.send(ports.address, "GET", f"/v2.1/images/{image_id}")
    links = {each["rel"]: each["href"] for each in response.json()["image"]["links"]}
    assert links["alternate"] == f"{url(ports.image)}/images/{image_id}"
    assert url(ports.image) in str(response.header("Link"))


def test_each_port_has_one_api_and_the_health_checks(ports: OwnPorts) -> None:
    for address in (ports.address, ports.image, ports.identity):
        assert request(address, "GET", "/healthcheck").body.strip() == b"OK"
        assert request(address, "GET", "/readiness").status == 200
    assert ports.send(ports.image, "GET", "/v2.1/flavors").status == 404
    assert ports.send(ports.image, "GET", "/image/v2/images").status == 300  # as Glance
    assert ports.send(ports.identity, "GET", "/v2/images").status == 404
    assert ports.send(ports.address, "GET", "/image/v2/images").status == 200


def test_a_reload_keeps_the_ports(tmp_path: Path) -> None:
    conf = tmp_path / "glimpse.conf"
    image_port = free_port()
    conf.write_text(f"[glimpse]\nimage_port = {image_port}\n")
    arguments = ["--config-file", str(conf)]
    with GlimpseProcess(tmp_path / "state", arguments=arguments) as process:
        conf.write_text(f"[glimpse]\nimage_port = {free_port()}\n")
        os.kill(process.pid, signal.SIGHUP)
        wait_until(
            lambda: "ports, workers and [metrics] change with a restart" in process.log.read_text(),
            "the change of a port is not reported",
        )
        assert request(("127.0.0.1", image_port), "GET", "/versions").status == 200
        assert process.stop() == 0
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", image_port)) != 0


def test_a_port_in_use_is_named_with_its_option(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        conf = tmp_path / "glimpse.conf"
        conf.write_text(f"[glimpse]\nidentity_port = {port}\n")
        state = ["--state-dir", str(tmp_path / "state"), "--port", str(free_port())]
        done = run_glimpse("serve", "--config-file", str(conf), *state)
        checked = run_glimpse("check", "--config-file", str(conf), *state)
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in done.stderr
    assert "[glimpse] identity_port" in done.stderr
    assert f"FAIL  Identity API: cannot listen on 127.0.0.1:{port}" in checked.stdout


def test_the_start_message_names_all_ports(ports: OwnPorts) -> None:
    ports.process.wait_until_served()
    text = ports.process.log.read_text()
    assert f"Glimpse listens on {url(ports.address)}, state in" in text
    assert f"The Image API is at {url(ports.image)}\n" in text
    assert f"The Identity API is at {url(ports.identity)}\n" in text


def test_standard_ports_are_those_of_openstack(tmp_path: Path) -> None:
    IdentityFile(tmp_path / "state")
    state = ["--state-dir", str(tmp_path / "state"), "--standard-ports"]
    done = run_glimpse("openrc", *state)
    assert "export OS_AUTH_URL=http://127.0.0.1:5000/v3\n" in done.stdout
    assert '"http://127.0.0.1:5000/v3"' in run_glimpse("clouds", *state).stdout
    checked = run_glimpse("check", *state).stdout
    for name in ("127.0.0.1:8774", "Image API: ", "127.0.0.1:9292", "Identity API: "):
        assert name in checked
