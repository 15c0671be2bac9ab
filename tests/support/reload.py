"""Configuration files for tests of a reload, which show in a response which one is in use."""

from pathlib import Path

from tests.support.http import request
from tests.support.process import GlimpseProcess, wait_until


def write_configuration(directory: Path, workers: int, version: int) -> Path:
    """Write a configuration file: `workers` processes that advertise microversion 2.`version`."""
    conf = directory / "glimpse.conf"
    conf.write_text(
        f"[glimpse]\nworkers = {workers}\n[api]\nadvertised_microversion = 2.{version}\n"
    )
    return conf


def advertised_microversion(process: GlimpseProcess) -> str:
    """Return the microversion that the process advertises now, such as ``2.40``."""
    response = request(process.address, "GET", "/v2.1/")
    return str(response.json()["version"]["version"])


def wait_for_microversion(process: GlimpseProcess, expected: str) -> None:
    """Wait until a reload is complete: the process advertises the microversion `expected`."""
    wait_until(
        lambda: advertised_microversion(process) == expected,
        f"the configuration that advertises {expected} is not used",
    )
