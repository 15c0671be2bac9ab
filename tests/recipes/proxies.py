"""Runs HAProxy and nginx with the configurations in docs/recipes."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.http import request
from tests.support.process import wait_until

RECIPES = Path(__file__).parent.parent.parent / "docs" / "recipes"

Address = tuple[str, int]


def write_recipe(directory: Path, name: str, addresses: Mapping[int, Address]) -> Path:
    """Write a recipe with the addresses of a test in place of its ports; return its path."""
    text = (RECIPES / name).read_text()
    for port, address in addresses.items():
        assert f"127.0.0.1:{port}" in text, name
        text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:@{address[1]}")
    conf = directory / name
    conf.write_text(text.replace("@", ""))
    return conf


@contextmanager
def running_nginx(directory: Path, conf: Path, address: Address) -> Iterator[None]:
    """Run nginx with a file for conf.d; skip the test if it is not installed."""
    main = directory / "main.conf"
    main.write_text(
        f"daemon off;\npid {directory}/nginx.pid;\nerror_log stderr;\nevents {{}}\n"
        f"http {{\n access_log off;\n client_body_temp_path {directory}/body;\n"
        f" proxy_temp_path {directory}/proxy;\n include {conf};\n}}\n"
    )
    with running([program("nginx"), "-c", str(main), "-p", str(directory)], address):
        yield


def program(name: str) -> str:
    """Return the path of a program; skip the test if it is not installed."""
    found = shutil.which(name, path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if found is None:
        pytest.skip(f"{name} is missing; on Debian, as root: apt-get install haproxy nginx-light")
    return found


@contextmanager
def running(command: list[str], address: Address) -> Iterator[None]:
    """Run a command that listens at `address`."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            wait_until(lambda: process.poll() is not None or _listens(address), command[0])
            assert process.poll() is None, process.communicate()[0].decode()
            yield
        finally:
            process.terminate()
            process.communicate()


def _listens(address: Address) -> bool:
    try:
        request(address, "GET", "/")
    except (OSError, ValueError):
        return False
    return True
