"""A configuration to be read again, and a sign of which one is in use."""

from pathlib import Path

from tests.support.http import request
from tests.support.process import GlimpseProcess


def write_configuration(directory: Path, workers: int, version: int) -> Path:
    """Write a file for `workers` processes that advertise microversion 2.`version`."""
    conf = directory / "glimpse.conf"
    conf.write_text(
        f"[glimpse]\nworkers = {workers}\n[api]\nadvertised_microversion = 2.{version}\n"
    )
    return conf


def advertised(process: GlimpseProcess) -> str:
    """The microversion that the configuration in use advertises."""
    response = request(process.address, "GET", "/v2.1/")
    return str(response.json()["version"]["version"])
