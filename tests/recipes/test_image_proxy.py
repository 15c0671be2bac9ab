"""nginx, configured as in docs/recipes/nginx-image-api.conf, in front of the Image API."""

import http.client
import json
from collections.abc import Iterator

import pytest

from tests.recipes.proxies import Address, running_nginx, write_recipe
from tests.support.cloud import EmbeddedCloud, Member, seed_identity
from tests.support.http import Response, request
from tests.support.process import GlimpseProcess, free_port

USER = Member("user", "e" * 32)
SIZE = 20_000_000  # bytes: nginx accepts 1 MB by default
CAP = 30_000_000


class ImageProxy:
    """A client of the Image API behind nginx."""

    def __init__(self, cloud: EmbeddedCloud, address: Address) -> None:
        self.address = address
        self.temporary = cloud.state_dir.parent / "nginx" / "body"
        self._token = {"X-Auth-Token": cloud.token("user") or ""}
        self._data = {**self._token, "Content-Type": "application/octet-stream"}

    def create(self) -> str:
        headers = {**self._token, "Content-Type": "application/json"}
        body = b'{"disk_format": "raw", "container_format": "bare"}'
        response = request(self.address, "POST", "/v2/images", headers, body)
        assert response.status == 201, str(response)
        path = f"http://127.0.0.1:{self.address[1]}/v2/images/"
        assert (response.header("Location") or "").startswith(path), str(response)
        return str(response.json()["id"])

    def upload(self, image: str, data: bytes, *, chunked: bool = False) -> int:
        """Upload the data of an image; return the status."""
        connection = http.client.HTTPConnection(*self.address, timeout=60)
        pieces = (data[at : at + 2**20] for at in range(0, len(data), 2**20))
        body = pieces if chunked else data
        path = f"/v2/images/{image}/file"
        connection.request("PUT", path, body, self._data, encode_chunked=chunked)
        status = connection.getresponse().status
        connection.close()
        return status

    def get(self, path: str) -> Response:
        return request(self.address, "GET", path, self._token)


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImageProxy]:
    directory = tmp_path_factory.mktemp("proxy")
    image_port, address = free_port(), ("127.0.0.1", free_port())
    conf = directory / "glimpse.conf"
    conf.write_text(
        f"[glimpse]\nimage_port = {image_port}\n[embedded]\nimage_size_cap = {CAP}\n"
        "[oslo_middleware]\nenable_proxy_headers_parsing = true\n"
    )
    seed_identity(directory / "state", [USER])
    (directory / "nginx").mkdir()
    addresses = {9292: address, 19292: ("127.0.0.1", image_port)}
    recipe = write_recipe(directory / "nginx", "nginx-image-api.conf", addresses)
    with (
        GlimpseProcess(directory / "state", arguments=["--config-file", str(conf)]) as process,
        running_nginx(directory / "nginx", recipe, address),
    ):
        yield ImageProxy(EmbeddedCloud(process), address)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_upload_passes_unbuffered_and_is_downloaded_again(
    proxy: ImageProxy, *, chunked: bool
) -> None:
    image, data = proxy.create(), bytes(range(250)) * (SIZE // 250)
    assert proxy.upload(image, data, chunked=chunked) == 204
    downloaded = proxy.get(f"/v2/images/{image}/file")
    assert downloaded.status == 200
    assert downloaded.body == data
    assert proxy.get(f"/v2/images/{image}").json()["status"] == "active"
    assert list(proxy.temporary.rglob("*")) == [], "nginx wrote the upload to its own disk"


def test_the_limit_of_an_upload_is_that_of_glimpse(proxy: ImageProxy) -> None:
    image = proxy.create()
    assert proxy.upload(image, bytes(CAP + 1)) == 413
    assert proxy.get(f"/v2/images/{image}").json()["status"] == "queued"


def test_the_versions_name_the_proxy(proxy: ImageProxy) -> None:
    versions = json.loads(proxy.get("/versions").body)["versions"]
    link = versions[0]["links"][0]["href"]
    assert link == f"http://127.0.0.1:{proxy.address[1]}/v2/"
