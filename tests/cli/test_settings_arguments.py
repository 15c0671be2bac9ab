"""The settings that the arguments of a command choose."""

import argparse
from pathlib import Path

import pytest

from glimpse.cli.settings_arguments import add_settings_arguments, read_settings
from glimpse.settings import InvalidSettings, Settings


def read(directory: Path, *arguments: str) -> Settings:
    """Return the settings that `arguments` choose, with state in `directory`."""
    parser = argparse.ArgumentParser()
    add_settings_arguments(parser)
    return read_settings(parser.parse_args(["--state-dir", str(directory), *arguments]))


def test_port_has_precedence_over_standard_ports(tmp_path: Path) -> None:
    server = read(tmp_path, "--standard-ports", "--port", "8001").server
    assert (server.port, server.image_port, server.identity_port) == (8001, 9292, 5000)


def test_any_free_port_is_refused_with_standard_ports(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="port is 0"):
        read(tmp_path, "--standard-ports", "--port", "0")
