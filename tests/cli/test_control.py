"""The control API of `glimpse serve` leaves no socket open if it cannot start."""

import socket
from argparse import Namespace
from contextlib import ExitStack
from pathlib import Path

import pytest

from glimpse.cli import control
from glimpse.cli.control import open_control
from glimpse.settings import load_settings


def test_the_port_is_closed_if_the_state_cannot_be_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[socket.socket] = []

    def open_socket(*address: object) -> socket.socket:
        del address
        opened.append(socket.create_server(("127.0.0.1", 0)))
        return opened[-1]

    def refuse(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(control, "open_socket", open_socket)
    monkeypatch.setattr(control, "StateCopies", refuse)
    options = Namespace(control_port=0, ready_file=tmp_path / "ready", ephemeral=True)
    with ExitStack() as stack, pytest.raises(OSError):  # noqa: PT011  has no text
        open_control(options, load_settings(), [], stack)
    assert [each.fileno() for each in opened] == [-1]
