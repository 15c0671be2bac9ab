"""Metrics after a known number of requests, and their documentation."""

import os
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families as families

from glimpse.settings.options.process import METRICS_PORT
from glimpse.telemetry.metrics import DIRECTORY_VARIABLE, Metrics
from tests.support.cloud import EmbeddedCloud, Member, seed_identity
from tests.support.gateway import SERVICE, gateway, write_configuration
from tests.support.http import request
from tests.support.process import GlimpseProcess, free_port, wait_until

ROOT = Path(__file__).parents[2]


USER = Member("user", "e" * 32)


def scrape(port: int) -> dict[str, float]:
    """Return the value of each sample by its name with labels: ``name{a="b"}{c="d"}``."""
    response = request(("127.0.0.1", port), "GET", "/metrics")
    assert response.status == 200, str(response)
    assert (response.header("content-type") or "").startswith("text/plain; version="), str(response)
    samples = [sample for family in families(response.body.decode()) for sample in family.samples]
    return {
        one.name + "".join(sorted(f'{{{name}="{value}"}}' for name, value in one.labels.items())): (
            one.value
        )
        for one in samples
    }


def scrape_until(port: int, **counts: float) -> dict[str, float]:
    """Scrape until each request is counted, which it is right after its response is sent.

    `counts` are the numbers of requests by operation and status: ``list_images_200=4``.
    """
    expected = {
        f'glimpse_requests_total{{operation="{name[:-4]}"}}{{status="{name[-3:]}"}}': count
        for name, count in counts.items()
    }
    found: dict[str, float] = {}

    def is_counted() -> bool:
        found.clear()
        found.update(scrape(port))
        return {name: found.get(name) for name in expected} == expected

    wait_until(is_counted, f"{expected} was not counted")
    return found


def _process(tmp_path: Path, port: int, workers: int) -> GlimpseProcess:
    conf = tmp_path / "glimpse.conf"
    conf.write_text(f"[metrics]\nport = {port}\n[glimpse]\nworkers = {workers}\n")
    return GlimpseProcess(tmp_path / "state", arguments=["--config-file", str(conf)])


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[EmbeddedCloud]:
    seed_identity(tmp_path / "cloud", [SERVICE, USER])
    with GlimpseProcess(tmp_path / "cloud") as process:
        yield EmbeddedCloud(process)


def test_one_scrape_is_the_sum_over_all_workers(tmp_path: Path) -> None:
    port = free_port()
    with _process(tmp_path, port, workers=3) as process:
        for _ in range(60):  # each over a new connection, which any worker may accept
            request(process.address, "GET", "/v2.1/images")
        for _ in range(5):
            request(process.address, "GET", "/healthcheck")
        scrape_until(port, other_401=60, healthcheck_200=5)
        refused = 'glimpse_requests_total{operation="other"}{status="401"}'
        healthy = 'glimpse_requests_total{operation="healthcheck"}{status="200"}'
        for _ in range(6):  # of any workers
            found = scrape(port)
            assert (found[refused], found[healthy]) == (60, 5), found
            assert found['glimpse_request_duration_seconds_count{operation="other"}'] == 60
            bucket = 'glimpse_request_duration_seconds_bucket{le="+Inf"}{operation="other"}'
            assert found[bucket] == 60
            assert found["glimpse_requests_in_flight"] == 0


def test_the_gateway_counts_its_calls(tmp_path: Path, cloud: EmbeddedCloud) -> None:
    port = free_port()
    with gateway(tmp_path / "gateway", cloud, _glance(port)) as served:
        for _ in range(4):
            response = served.request("user", "GET", "/v2.1/images")
            assert response.status == 200, str(response)
        found = scrape_until(port, list_images_200=4)
        lines = served.process.log.read_text().splitlines()
    calls = "glimpse_service_calls_total"
    assert found[calls + '{method="GET"}{outcome="200"}{service="keystone"}'] == 1
    assert found[calls + '{method="login"}{outcome="ok"}{service="keystone"}'] >= 1
    assert found[calls + '{method="GET"}{outcome="200"}{service="glance"}'] >= 4
    assert found['glimpse_service_call_duration_seconds_count{service="glance"}'] >= 4
    assert found['glimpse_token_cache_lookups_total{result="miss"}'] == 1
    assert found['glimpse_token_cache_lookups_total{result="hit"}'] == 3
    line = next(one for one in lines if "operation: list_images" in one)
    assert float(line.rpartition("glance: ")[2]) > 0, line


def test_retries_are_counted(tmp_path: Path, cloud: EmbeddedCloud) -> None:
    port = free_port()
    nowhere = f"http://127.0.0.1:{free_port()}"
    with gateway(tmp_path / "gateway", cloud, _glance(port, api_servers=nowhere)) as served:
        response = served.request("user", "GET", "/v2.1/images")
        assert response.status == 503, str(response)
        found = scrape_until(port, list_images_503=1)
    name = 'glimpse_service_calls_total{method="GET"}{outcome="unreachable"}{service="glance"}'
    assert found[name] == 4
    assert found['glimpse_service_retries_total{service="glance"}'] == 3


def test_a_gateway_is_scraped_at_the_default_port(tmp_path: Path, cloud: EmbeddedCloud) -> None:
    """A second gateway serves without metrics, unless the port in use is configured."""
    default_port = _glance("")
    address = ("127.0.0.1", METRICS_PORT)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            other.bind(address)
        except OSError as error:
            pytest.skip(f"port {METRICS_PORT} is in use: {error}")
        other.listen()
        with gateway(tmp_path / "second", cloud, default_port) as served:
            assert served.request("user", "GET", "/v2.1/images").status == 200
            log = served.process.log.read_text()
            assert f"no /metrics to scrape: cannot listen on 127.0.0.1:{METRICS_PORT}" in log
        with (
            pytest.raises(RuntimeError, match="cannot listen on"),
            gateway(tmp_path / "configured", cloud, _glance(METRICS_PORT)),
        ):
            pass
    with gateway(tmp_path / "first", cloud, default_port) as served:
        assert served.request("user", "GET", "/v2.1/images").status == 200
        if "no /metrics to scrape" in served.process.log.read_text():
            served.process.stop()
            with socket.socket() as probe:
                assert probe.connect_ex(address) == 0, "nobody else has the port"
            pytest.skip(f"port {METRICS_PORT} was taken by another process in the meantime")
        scrape_until(METRICS_PORT, list_images_200=1)
        os.kill(served.process.pid, signal.SIGHUP)
        wait_until(lambda: "was read again" in served.process.log.read_text(), "a reload")
        assert "change with a restart" not in served.process.log.read_text()


def test_workers_without_a_metrics_directory_serve_without_metrics(
    tmp_path: Path, cloud: EmbeddedCloud
) -> None:
    """If a metrics port is configured, it is an error."""
    nowhere = {"RUNTIME_DIRECTORY": str(tmp_path / "nowhere")}
    default_port, configured_port = (
        write_configuration(tmp_path / f"{port}.conf", cloud.identity_url, _glance(port))
        for port in ("", free_port())
    )
    arguments = ["--workers", "2", "--config-file"]
    process = GlimpseProcess(
        tmp_path / "a", arguments=[*arguments, str(default_port)], environment=nowhere
    )
    with process as process:
        assert request(process.address, "GET", "/healthcheck").status == 200
        assert "no place for the workers to keep numbers" in process.log.read_text()
    with (
        pytest.raises(RuntimeError, match="no place for the workers to keep numbers"),
        GlimpseProcess(
            tmp_path / "b", arguments=[*arguments, str(configured_port)], environment=nowhere
        ),
    ):
        pass


def test_the_metrics_port_and_the_api_port_are_separate(tmp_path: Path) -> None:
    port = free_port()
    with _process(tmp_path, port, workers=1) as process:
        response = request(("127.0.0.1", port), "GET", "/v2.1/images")
        assert response.status == 404, str(response)
        response = request(process.address, "GET", "/metrics")
        assert b"glimpse_" not in response.body, str(response)


def test_the_documented_metrics_are_those_that_exist() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    documented = set(re.findall(r"`(glimpse_\w+)`", text))
    assert documented == set(Metrics().names), "describe each metric in docs/operations.md"


def _glance(port: int | str, **options: str) -> dict[str, dict[str, object]]:
    return {"metrics": {"port": port}, "glance": {"valid_interfaces": "public", **options}}


def test_invalid_status_codes_are_one_series() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    for status in range(100, 1000):
        metrics.call_ended("glance", "GET", str(status), 0.1)
    (family,) = (each for each in registry.collect() if each.name == "glimpse_service_calls")
    outcomes = {one.labels["outcome"] for one in family.samples if one.name.endswith("_total")}
    assert outcomes == {"other", *map(str, range(100, 600))}


def test_the_empty_file_of_a_worker_that_starts_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DIRECTORY_VARIABLE, str(tmp_path))
    for kind in ("counter", "gauge_livesum", "histogram"):
        (tmp_path / f"{kind}_1.db").touch()
    assert Metrics(CollectorRegistry()).render("")[1] == b""
