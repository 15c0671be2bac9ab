"""WorkerPool: what it does when workers start, exit and reload, without real processes."""

import logging
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from glimpse.server import worker_pool
from glimpse.settings import InvalidSettings, Settings, load_settings
from tests.server.pool_service import HEARTBEAT, Service


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    conf = tmp_path / "glimpse.conf"
    conf.write_text(f"[glimpse]\nworkers = 2\nstate_dir = {tmp_path}\n")
    return load_settings([conf])


@pytest.fixture
def service(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Service:
    monkeypatch.setattr(worker_pool, "reopen_logs", lambda _server: None)
    return Service(settings)


@pytest.fixture
def new_settings(service: Service, settings: Settings) -> Settings:
    """The settings that the next reload loads."""
    server = replace(settings.server, client_timeout=7.0)
    service.loaded = replace(settings, server=server)
    return service.loaded


def test_the_service_has_started_when_all_workers_have(service: Service) -> None:
    service.send("started", 1)
    assert service.reports == []
    service.send("started", 2)
    assert service.reports == ["started"]


def test_a_worker_that_exits_is_replaced_at_once(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    service.send("started", 1, 2)
    service.advance(60)
    with caplog.at_level(logging.ERROR):
        service.pool.on_exit(1, -9)
    assert "Worker 1 exited with status -9 and is replaced." in caplog.text
    service.pool.run_due()
    assert service.started == 3


def test_the_exit_of_a_process_that_is_not_a_worker_is_ignored(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    service.send("started", 1, 2)
    service.pool.on_exit(99, 0)  # an orphan, if the supervisor is process 1 of a container
    service.pool.run_due()
    assert service.started == 2
    assert caplog.text == ""


def test_a_worker_that_exits_right_after_its_start_is_replaced_a_second_later(
    service: Service,
) -> None:
    service.send("started", 1, 2)
    service.pool.on_exit(1, 1)
    service.advance(0.5)
    assert service.started == 2
    assert service.pool.seconds_until_due() == 0.5
    service.advance(0.5)
    assert service.started == 3


def test_two_workers_that_exit_are_both_replaced(service: Service) -> None:
    service.send("started", 1, 2)
    service.pool.on_exit(1, 1)
    service.pool.on_exit(2, 1)
    assert not service.pool.is_empty
    service.advance(1)
    assert service.started == 4


def test_a_replacement_that_cannot_be_forked_is_tried_again_a_second_later(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    service.send("started", 1, 2)
    service.advance(60)
    service.has_no_process = True
    service.pool.on_exit(1, -9)
    service.pool.run_due()
    assert "A worker cannot be started" in caplog.text
    assert not service.pool.is_empty
    service.has_no_process = False
    service.advance(0.5)
    assert service.started == 2
    service.advance(0.5)
    assert service.started == 3


def test_a_service_that_cannot_start_stops_with_status_1(service: Service) -> None:
    service.pool.on_exit(1, 1)
    assert service.signals == [(2, signal.SIGTERM)]
    service.pool.on_exit(2, 1)
    assert service.pool.is_empty
    assert service.pool.exit_status == 1


def test_a_stopping_service_replaces_no_worker(service: Service) -> None:
    service.send("started", 1, 2)
    service.pool.on_exit(1, -9)
    service.pool.stop()
    assert service.sockets_closed
    assert service.signals == [(2, signal.SIGTERM)]
    service.pool.on_exit(2, 0)
    service.advance(60)
    assert (service.started, service.pool.exit_status) == (2, 0)
    assert service.reports[:2] == ["started", "stopping"]


def test_a_reload_ends_when_all_workers_have_reloaded(
    service: Service, settings: Settings, new_settings: Settings
) -> None:
    service.send("started", 1, 2)
    service.pool.reload()
    assert service.signals == [(1, signal.SIGHUP), (2, signal.SIGHUP)]
    service.send("reloaded", 1)
    assert "reloaded" not in service.reports
    assert service.pool.settings == settings
    service.send("reloaded", 2)
    assert service.reports == ["started", "reload started", "reloaded"]
    assert service.pool.settings == new_settings


@pytest.mark.usefixtures("new_settings")
def test_settings_that_a_worker_cannot_use_are_not_used_by_new_workers(
    service: Service, settings: Settings
) -> None:
    service.send("started", 1, 2)
    service.pool.reload()
    service.send("reload failed", 1)
    service.send("reloaded", 2)
    assert service.reports[-1] == "reload failed"
    assert service.pool.settings == settings


def test_an_invalid_configuration_is_not_sent_to_workers(
    service: Service, settings: Settings
) -> None:
    service.send("started", 1, 2)
    service.loaded = InvalidSettings("it has no sense")
    service.pool.reload()
    assert service.reports == ["started", "reload started", "reload failed"]
    assert service.signals == []
    assert service.pool.settings == settings


def test_a_worker_that_exits_during_a_reload_does_not_delay_it(
    service: Service, new_settings: Settings
) -> None:
    service.send("started", 1, 2)
    service.pool.reload()
    service.send("reloaded", 1)
    service.pool.on_exit(2, -9)
    assert service.reports[-1] == "reloaded"
    service.advance(1)
    assert service.started_with[-1] == new_settings


def test_a_worker_that_is_replaced_during_a_reload_reloads_too(
    service: Service, settings: Settings, new_settings: Settings
) -> None:
    service.send("started", 1, 2)
    service.pool.reload()
    service.pool.on_exit(2, -9)
    service.advance(1)
    assert service.started_with[-1] == settings
    assert service.signals[-1] == (3, signal.SIGHUP)
    service.send("reloaded", 1)
    assert "reloaded" not in service.reports
    service.send("reloaded", 3)
    assert service.reports[-1] == "reloaded"
    assert service.pool.settings == new_settings


def test_a_second_reload_ends_when_all_workers_have_finished_the_second(
    service: Service, settings: Settings, new_settings: Settings
) -> None:
    service.send("started", 1, 2)
    service.pool.reload()
    newest = replace(settings, server=replace(settings.server, client_timeout=8.0))
    service.loaded = newest
    service.pool.reload()
    assert new_settings != newest
    service.send("reloaded", 1, 2, reload_number=1)
    assert service.reports == ["started", "reload started", "reload started"]
    service.send("reloaded", 1)
    service.send("reload started", 2)
    assert "reloaded" not in service.reports
    service.send("reloaded", 2)
    assert service.reports[3:] == ["reloaded"]
    assert service.pool.settings == newest


@pytest.mark.usefixtures("new_settings")
def test_a_late_failure_of_the_first_reload_does_not_fail_the_second(
    service: Service, settings: Settings
) -> None:
    service.send("started", 1, 2)
    service.pool.reload()
    service.send("reloaded", 1)
    newest = replace(settings, server=replace(settings.server, client_timeout=8.0))
    service.loaded = newest
    service.pool.reload()
    service.send("reload failed", 2, reload_number=1)
    service.send("reloaded", 1, 2)
    assert service.reports[-1] == "reloaded"
    assert service.pool.settings == newest
    service.send("reload failed", 2)  # a SIGHUP that somebody else sent to the worker
    assert service.reports[-1] == "reloaded"


def test_an_invalid_configuration_during_a_reload_fails_when_the_reload_has_ended(
    service: Service, new_settings: Settings
) -> None:
    service.send("started", 1, 2)
    service.pool.reload()
    service.send("reloaded", 1)
    service.loaded = InvalidSettings("it has no sense")
    service.pool.reload()
    assert service.reports == ["started", "reload started", "reload started"]
    service.send("reloaded", 2)
    assert service.reports[3:] == ["reload failed"]
    assert service.pool.settings == new_settings, "other settings than the workers have"
    service.loaded = new_settings
    service.pool.reload()
    service.send("reloaded", 1, 2)
    assert service.reports[-1] == "reloaded"


def test_a_stopping_service_does_not_reload(service: Service) -> None:
    service.send("started", 1, 2)
    service.pool.stop()
    service.pool.reload()
    assert service.reports == ["started", "stopping"]


def test_heartbeats_are_reported_while_all_workers_report_theirs(service: Service) -> None:
    service.pool.run_due()
    for _ in range(3):
        service.send("heartbeat", 1, 2)
        service.advance(HEARTBEAT)
    assert service.reports == ["heartbeat"] * 4


def test_no_heartbeat_is_reported_while_a_worker_is_blocked(service: Service) -> None:
    for _ in range(4):
        service.send("heartbeat", 1)
        service.advance(HEARTBEAT)
    assert service.reports == ["heartbeat"] * 2
    service.send("heartbeat", 2)
    service.send("heartbeat", 1)
    service.advance(HEARTBEAT)
    assert service.reports == ["heartbeat"] * 3
