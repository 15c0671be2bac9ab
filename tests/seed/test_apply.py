"""A seed becomes the users and images of a state directory."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from glimpse.app.embedded_options import embedded_options
from glimpse.embedded.servers.server_table import ServerTable
from glimpse.embedded.service import EmbeddedImageService
from glimpse.identity.embedded.identity_file import IdentityFile
from glimpse.identity.embedded.password_hashes import check_password
from glimpse.images import Caller, Image, ImageQuery
from glimpse.seed.apply import apply_seed, read_seed
from glimpse.seed.errors import InvalidSeed
from glimpse.settings import load_settings
from tests.support import disk_images
from tests.support.embedded import open_images

ADMIN = Caller("admin", "admins", frozenset(("admin",)), is_admin=True)
OPTIONS = embedded_options(load_settings())
ID = "5b9a9f0e-7a0c-4b2e-9d5b-0f2f0d2f5d11"


async def apply(directory: Path, text: str) -> Path:
    """Write a seed to a file and apply it; return the state directory."""
    path = directory / "cloud.yaml"
    path.write_text(text)
    state_dir = directory / "state"
    await apply_seed(read_seed(path, OPTIONS), state_dir, OPTIONS)
    return state_dir


async def list_images(service: EmbeddedImageService) -> list[Image]:
    pages = service.list_images(ADMIN, ImageQuery(visibility="all"))
    return [image async for page in pages for image in page.images]


async def test_images_get_their_data_from_files_and_sizes(tmp_path: Path) -> None:
    content = os.urandom(300_000)
    (tmp_path / "disk.img").write_bytes(content)
    (tmp_path / "disk.qcow2").write_bytes(disk_images.qcow2(4 * 2**20))
    state_dir = await apply(
        tmp_path,
        f"""
        images:
          - {{id: {ID}, owner: demo, data: {{file: disk.img}}, updated_at: 2020-02-02}}
          - {{name: file, owner: demo, disk_format: qcow2, data: {{file: disk.qcow2}}}}
          - {{name: made, owner: null, disk_format: qcow2, data: {{size: 1 MiB}},
              status: deactivated}}
        """,
    )
    service = open_images(state_dir)
    try:
        image = await service.get_image(ADMIN, ID)
        assert (image.status, image.size, image.virtual_size) == ("active", 300_000, 300_000)
        assert image.checksum == hashlib.md5(content).hexdigest()
        assert image.updated_at == "2020-02-02T00:00:00Z"
        data = await service.data.find_data(ADMIN, ID)
        assert b"".join([piece async for piece in await data.read()]) == content
        found = {each.name: each for each in await list_images(service)}
        assert found["file"].virtual_size == 4 * 2**20
        assert (found["made"].size, found["made"].virtual_size) == (2**20, 2**20)
        assert (found["made"].status, found["made"].owner) == ("deactivated", None)
    finally:
        await service.close()


async def test_two_clouds_of_a_seed_have_the_same_images(tmp_path: Path) -> None:
    text = """
        images:
          - {name: one, owner: demo, data: {size: 5}, tags: [x], members: [alt]}
          - {name: two, owner: admin, visibility: public, properties: {a: b}}
    """
    found = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        service = open_images(await apply(tmp_path / name, text))
        found.append(await list_images(service))
        await service.close()
    assert len(found[0]) == 2
    assert found[0] == found[1]


async def test_users_and_application_credentials_can_log_in(tmp_path: Path) -> None:
    state_dir = await apply(
        tmp_path,
        """
        projects: [{name: red}]
        users: [{name: ann, password: s3cret, roles: {red: [member]}}]
        application_credentials: [{name: ci, id: ci, secret: hidden, user: ann, project: red}]
        """,
    )
    directory = IdentityFile(state_dir).current
    ann = directory.user(name="ann")
    assert ann is not None
    assert ann.password == "s3cret"
    credential = directory.application_credentials["ci"]
    assert check_password("hidden", None, credential.secret_hash)
    assert "hidden" not in (state_dir / "identity.json").read_text()


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (
            "{owner: demo, data: {file: none.img}}",
            ["a readable file is expected: ", "none.img: No"],
        ),
        ("{owner: demo, data: {file: .}}", ["a readable file is expected: ", "Is a directory"]),
        (
            "{owner: demo, disk_format: vmdk, data: {file: disk.img}}",
            ["data in the format vmdk is expected: ", "does not match"],
        ),
    ],
)
def test_data_is_checked_before_anything_is_written(
    tmp_path: Path, image: str, expected: Iterable[str]
) -> None:
    (tmp_path / "disk.img").write_bytes(b"no disk")
    path = tmp_path / "cloud.yaml"
    path.write_text(f"images:\n  - {{owner: demo, data: {{size: 1}}}}\n  - {image}\n")
    with pytest.raises(InvalidSeed) as caught:
        read_seed(path, OPTIONS)
    assert str(caught.value).startswith(f"{path}, line 3, images[1].data: ")
    assert all(part in str(caught.value) for part in expected), str(caught.value)


async def test_servers_have_what_they_inherit_from_their_images(tmp_path: Path) -> None:
    state_dir = await apply(
        tmp_path,
        """
        images: [{name: disk, owner: demo, properties: {os_distro: x}, min_disk: 3}]
        servers: [{name: web, project: demo, user: demo, image: disk, metadata: {a: b}}]
        """,
    )
    (server,) = ServerTable(state_dir).list(None)
    assert (server.name, server.status, server.metadata) == ("web", "ACTIVE", {"a": "b"})
    assert server.inheritance.properties["os_distro"] == "x"
    assert server.inheritance.min_disk == 3


@pytest.mark.parametrize(("text", "has_servers"), [("servers: []", True), ("images: []", False)])
async def test_a_seed_with_the_key_servers_makes_a_cloud_with_servers(
    tmp_path: Path, text: str, *, has_servers: bool
) -> None:
    assert ServerTable.exists(await apply(tmp_path, text)) is has_servers
