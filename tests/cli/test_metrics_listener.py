"""Without a port for metrics, workers do not share metrics."""

import os
import socket
import tempfile
from contextlib import ExitStack
from dataclasses import replace

import pytest

from glimpse.cli import metrics_listener
from glimpse.cli.metrics_listener import open_metrics
from glimpse.settings import Settings, load_settings

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def settings_with(port: int) -> Settings:
    """Return settings with two workers and a port for metrics that is not required."""
    settings = load_settings()
    return replace(
        settings,
        server=replace(settings.server, workers=2),
        metrics=replace(settings.metrics, host="127.0.0.1", port=port, is_required=False),
    )


@pytest.fixture(autouse=True)
def _unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")  # so that the variable is restored after the test


def test_an_occupied_port_turns_metrics_off_and_sets_no_variable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as occupied, ExitStack() as stack:
        settings, sockets = open_metrics(settings_with(occupied.getsockname()[1]), stack)
        assert (settings.metrics.port, sockets) == (0, [])
        assert os.environ[VARIABLE] == ""


def test_the_port_is_closed_if_there_is_no_directory_for_the_metrics(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[socket.socket] = []

    def open_socket(*address: object) -> socket.socket:
        del address
        opened.append(socket.create_server(("127.0.0.1", 0)))
        return opened[-1]

    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(metrics_listener, "open_socket", open_socket)
    monkeypatch.setattr(tempfile, "TemporaryDirectory", refuse)
    with ExitStack() as stack:
        _, sockets = open_metrics(settings_with(1), stack)
        assert sockets == []
        assert [each.fileno() for each in opened] == [-1]
