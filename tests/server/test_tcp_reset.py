"""reset_connection: what becomes of the connection if no file descriptor is free."""

import errno
import os
import socket
from unittest.mock import Mock

import pytest

from glimpse.server.tcp_reset import reset_connection


def test_a_connection_is_closed_without_a_reset_if_no_file_descriptor_is_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def dup(_descriptor: int) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "dup", dup)
    with socket.socket() as connection:
        transport = Mock()
        transport.is_closing.return_value = False
        transport.get_extra_info.return_value = connection
        reset_connection(transport)
    transport.abort.assert_called_once_with()
