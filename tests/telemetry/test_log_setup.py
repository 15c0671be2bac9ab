"""The log of a process: text from outside is one readable line, a full disk stops nothing."""

import contextlib
import json
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cloud import Cloud, EmbeddedCloud, Member, seed_identity
from tests.support.http import read_response
from tests.support.process import GlimpseProcess, run_glimpse

DEMO = Member("demo", "d" * 32)
FERNET = "gAAAAABsecretsecretsecretsecret"


@pytest.fixture(params=["lines", "json"])
def noauth(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cloud]:
    """A process without authentication that trusts proxy headers.

    Thus all values in its log are text of clients.
    """
    conf = tmp_path / "glimpse.conf"
    conf.write_text(
        f"[DEFAULT]\nuse_json = {request.param == 'json'}\n[api]\nauth_strategy = noauth\n"
        "[oslo_middleware]\nenable_proxy_headers_parsing = true\n[metrics]\nport = 0\n"
    )
    process = GlimpseProcess(tmp_path / "state", arguments=["--config-file", str(conf)])
    with process:
        yield EmbeddedCloud(process)


ODD = "\xc2\x85\xe2\x80\xa8\x9b31m\xe2\x80\xae"  # NEL, line separator, CSI, bidi


REQUESTS: list[tuple[str, str, dict[str, str]]] = [
    ("GET", "/v2.1/images", {"X-Auth-Token": f"demo{ODD}:gold{ODD}"}),
    ("GET", "/v2.1/images", {"X-Auth-Token": f"{FERNET}{FERNET}{FERNET}"}),
    ("GET", "/v2.1/images", {"X-Auth-Token": "u" * 60_000}),
    ("GET", "/v2.1/images", {"X-Forwarded-For": f"fe80::1%{ODD}"}),
    ("GET", "/v2.1/images", {"X-Forwarded-For": f"192.0.2.1{ODD}"}),
    ("GET", "/v2.1/images", {"Forwarded": f'for="[fe80::1%{ODD}]";host={ODD}'}),
    ("GET", "/v2.1/images", {"X-Forwarded-Host": ODD, "X-Forwarded-Prefix": f"/{ODD}"}),
    ("GET", "/v2.1/images", {"X-Openstack-Request-Id": f"req-{ODD}"}),
    ("F'`|~", "/v2.1/images", {}),
    ("GET", f"/v2.1/images/{FERNET};token={FERNET}", {}),
    ("GET", f"/image/v2/images?a=1%26t%256fken%253D{FERNET}", {}),
    ("GET", f"/identity//v3/auth//tokens//{FERNET}", {}),
    ("GET", '/v2.1/images?x="HTTP/1.1"%0astatus:200', {}),
    ("GET", "/v2.1/images/" + "x" * 50_000, {}),
]


def test_each_request_is_one_short_printable_line_without_its_token(noauth: Cloud) -> None:
    for method, target, headers in REQUESTS:
        head = [f"{method} {target} HTTP/1.1", "Host: localhost", "Connection: close"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        with socket.create_connection(noauth.address, timeout=20) as connection:
            connection.sendall(("\r\n".join(head) + "\r\n\r\n").encode("latin-1"))
            response = read_response(connection, method)
        assert response.status < 500, str(response)
        assert all(value.isascii() for _, value in response.headers), str(response)
    noauth.process.stop()
    text = noauth.process.log.read_bytes().decode()
    assert "secretsecret" not in text
    access = [line for line in text.split("\n") if "status" in line]
    assert len(access) == len(REQUESTS), text
    for line in access:
        assert line.isprintable(), line
        assert len(line) < 10_000
        message = json.loads(line)["message"] if line.startswith("{") else line
        assert message.isprintable(), message
        assert message.count('"') == 2, "the target ends where the line says"


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A directory for logs on a disk of 64 kB."""
    place = tmp_path / "logs"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if subprocess.run(command, check=False).returncode:
        pytest.skip("this root may not mount")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@needs_root
def test_a_log_on_a_full_disk_fails_no_request_and_continues_when_there_is_space(
    small_disk: Path, tmp_path: Path
) -> None:
    seed_identity(tmp_path / "state", [DEMO])
    conf = tmp_path / "glimpse.conf"
    conf.write_text(f"[DEFAULT]\nlog_file = {small_disk / 'glimpse.log'}\n")
    arguments = ["--config-file", str(conf)]
    with GlimpseProcess(tmp_path / "state", arguments=arguments) as process:
        cloud = EmbeddedCloud(process)
        cloud.token("demo")
        filling = small_disk / "filling"
        with filling.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"x" * 4096)
        for number in range(300):  # more than the buffers
            response = cloud.request("demo", "GET", f"/v2.1/images?number={number}")
            assert response.status == 200, str(response)
        filling.unlink()
        cloud.request("demo", "GET", "/v2.1/images?room")
        process.stop()
        assert "/v2.1/images?room" in (small_disk / "glimpse.log").read_text()
        lines = [line for line in process.log.read_text().split("\n") if "No space" in line]
        assert len(lines) == 1, "once a minute, not for each line"
        assert "the log cannot be written" in lines[0]
        assert "Traceback" not in process.log.read_text()


def test_an_error_on_the_command_line_is_one_printable_line(tmp_path: Path) -> None:
    conf = tmp_path / "odd\x9b31m\u2028.conf"
    conf.write_text("[api]\nauth_strategy = \x1b[31m\x85odd\n")
    done = run_glimpse("check", "--config-file", str(conf))
    assert done.returncode == 1
    text = done.stderr
    assert text.rstrip("\n").isprintable(), text
