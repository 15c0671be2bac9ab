"""The packages that each mode imports: a gateway imports no embedded services."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.parameter_ids import parameter_id

PROGRAM = """
import asyncio, sys
from glimpse.cli.main import main
from glimpse.app.application import open_application
from glimpse.settings import load_settings

async def run():
    application = await open_application(load_settings([sys.argv[1]]))
    await application.close()

asyncio.run(run())
print(*(name for name in sys.modules if name.startswith("glimpse.")))
"""
EMBEDDED = ("embedded", "image_api", "identity_api", "identity.embedded")
GATEWAY = ("glance", "identity.keystone")

KEYSTONE = """[keystone_authtoken]
auth_type = password
auth_url = http://127.0.0.1:1/v3
username = glimpse
password = secret
"""
NOAUTH = """[api]
auth_strategy = noauth
[glance]
api_servers = http://127.0.0.1:1
"""


def imported(tmp_path: Path, text: str) -> set[str]:
    """Return the packages of Glimpse that are imported when a configuration is opened."""
    conf = tmp_path / "glimpse.conf"
    conf.write_text(f"[glimpse]\nstate_dir = {tmp_path / 'state'}\n{text}")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(conf)], capture_output=True, text=True, check=True
    )
    return {name.removeprefix("glimpse.") for name in done.stdout.split()}


@pytest.mark.parametrize("text", [KEYSTONE, "image_service = glance\n" + NOAUTH], ids=parameter_id)
def test_a_gateway_imports_none_of_the_embedded_services(tmp_path: Path, text: str) -> None:
    modules = imported(tmp_path, text)
    assert "glance.service" in modules
    assert not [name for name in modules if name.startswith(EMBEDDED)]


def test_the_embedded_services_import_nothing_of_a_gateway(tmp_path: Path) -> None:
    modules = imported(tmp_path, "")
    assert "embedded.service" in modules
    assert not [name for name in modules if name.startswith(GATEWAY)]
