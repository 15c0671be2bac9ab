"""The URLs of the APIs, by the URL and the port at which a client reached the process."""

import pytest

from glimpse.http.service_urls import ServicePorts, ServiceUrls

OWN_PORTS = ServicePorts(8774, 9292, 5000)
HERE = ServiceUrls("http://here:8774", "http://here:9292", "http://here:5000")


def test_without_ports_of_their_own_the_apis_are_at_paths() -> None:
    assert ServicePorts(8774).urls("http://here:1", 8774) == ServiceUrls(
        "http://here:1", "http://here:1/image", "http://here:1/identity"
    )


def test_without_an_identity_api_its_url_is_that_of_compute() -> None:
    without = ServicePorts(8774, has_identity_api=False)
    assert without.urls("http://here", 8774).identity == "http://here"
    without = ServicePorts(8774, 9292, has_identity_api=False)
    assert without.urls("http://here:9292", 9292) == HERE._replace(identity="http://here:8774")


@pytest.mark.parametrize("port", [8774, 9292, 5000])
def test_each_port_names_the_ports_of_all_apis(port: int) -> None:
    assert OWN_PORTS.urls(f"http://here:{port}", port) == HERE


def test_one_api_alone_may_have_a_port_of_its_own() -> None:
    image = ServicePorts(8774, image_port=9292)
    expected = HERE._replace(identity="http://here:8774/identity")
    assert image.urls("http://here:8774", 8774) == expected
    assert image.urls("http://here:9292", 9292) == expected
    identity = ServicePorts(8774, identity_port=5000)
    expected = HERE._replace(image="http://here:8774/image")
    assert identity.urls("http://here:5000", 5000) == expected


@pytest.mark.parametrize(
    "base_url", ["https://cloud.example", "http://here:18774", "http://here:8774/cloud"]
)
def test_behind_a_proxy_of_the_compute_port_the_apis_are_at_paths(base_url: str) -> None:
    assert OWN_PORTS.urls(base_url, 8774) == ServiceUrls(
        base_url, f"{base_url}/image", f"{base_url}/identity"
    )


def test_an_api_behind_a_proxy_of_its_port_keeps_the_url_of_the_proxy() -> None:
    assert OWN_PORTS.urls("https://identity.example/id", 5000) == ServiceUrls(
        "https://identity.example:8774",
        "https://identity.example:9292",
        "https://identity.example/id",
    )


def test_an_ipv6_address_and_a_default_port_are_understood() -> None:
    assert OWN_PORTS.urls("http://[::1]:8774", 8774).image == "http://[::1]:9292"
    assert OWN_PORTS.urls("http://[::1]", 8774).image == "http://[::1]/image"
    web = ServicePorts(80, 9292, 5000)
    assert web.urls("http://here", 80) == HERE._replace(compute="http://here")


def test_a_server_that_does_not_know_its_port_has_all_apis_at_paths() -> None:
    assert OWN_PORTS.urls("http://here:8774", None).image == "http://here:8774/image"
