"""The application under a server that is not Glimpse's own command."""

import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from tests.support.process import free_port


def test_an_asgi_server_serves_the_application(tmp_path: Path) -> None:
    config = tmp_path / "glimpse.conf"
    config.write_text(f"[glimpse]\nstate_dir = {tmp_path / 'state'}\n")
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--port", str(port), "glimpse.asgi:application"]
    environment = {**os.environ, "GLIMPSE_CONFIG_FILES": str(config)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as server:
        try:
            body = _answer(f"http://127.0.0.1:{port}/")
        finally:
            server.terminate()
            errors = server.communicate()[1]
    assert b'"v2.1"' in body, errors.decode()


def _answer(url: str) -> bytes:
    """The body at `url`, asked for until the server listens."""
    for _ in range(200):
        try:
            with urllib.request.urlopen(url) as answer:
                body: bytes = answer.read()
                return body
        except OSError:
            time.sleep(0.05)
    return b"no answer"
