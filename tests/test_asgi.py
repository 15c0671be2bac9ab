"""The application runs under other ASGI servers than that of `glimpse serve`."""

from pathlib import Path

import pytest

from tests.support.asgi_server_process import APPLICATION, UVICORN, AsgiServerProcess
from tests.support.cloud import EmbeddedCloud, Member, issue_token, seed_identity
from tests.support.http import request

USER = Member("user", "e" * 32)

# Commands, with {} for the port. gunicorn needs its ASGI worker.
SERVERS = {
    "uvicorn": UVICORN,
    "granian": ("granian", "--interface", "asgi", "--port", "{}", APPLICATION),
    "hypercorn": ("hypercorn", "--bind", "127.0.0.1:{}", APPLICATION),
    "gunicorn": ("gunicorn", "-k", "asgi", "--bind", "127.0.0.1:{}", APPLICATION),
}


@pytest.mark.parametrize("name", SERVERS)
def test_an_asgi_server_serves_the_application(tmp_path: Path, name: str) -> None:
    seed_identity(tmp_path / "state", [USER])
    with AsgiServerProcess(tmp_path / "state", SERVERS[name]) as process:
        cloud = EmbeddedCloud(process)
        assert request(process.address, "GET", "/healthcheck").body == b"OK"
        token = issue_token(cloud.identity_url, USER.name)
        image = b'{"name": "one", "disk_format": "raw", "container_format": "bare"}'
        created = cloud.request("user", "POST", "/image/v2/images", image)
        assert created.status == 201, str(created)
        path = f"/v2.1//images/{created.json()['id']}/metadata"
        written = cloud.request("user", "POST", path, b'{"metadata": {"a/b": "\xc3\xa9"}}')
        assert written.status == 400, str(written)
        written = cloud.request("user", "POST", path, b'{"metadata": {"a b": "\xc3\xa9"}}')
        assert written.status == 200, str(written)
        read = cloud.request("user", "GET", f"{path}/a%20b")
        assert read.json() == {"meta": {"a b": "\xe9"}}, str(read)
        listed = request(process.address, "GET", "/v2.1/images", {"X-Auth-Token": token})
        assert [one["name"] for one in listed.json()["images"]] == ["one"], str(listed)
        assert request(process.address, "GET", "/v2.1/images").status == 401
        deleted = cloud.request("user", "DELETE", path.removesuffix("/metadata"))
        assert (deleted.status, deleted.body) == (204, b""), str(deleted)
    assert "operation: delete_image" in process.log.read_text()
