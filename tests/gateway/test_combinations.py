"""Unusual combinations: a Glance without Keystone, embedded images with a Keystone."""

import json
from pathlib import Path

from tests.gateway.conftest import OWNER, image_document
from tests.support.cloud import EmbeddedCloud, issue_token
from tests.support.gateway import gateway
from tests.support.http import request
from tests.support.process import GlimpseProcess

IMAGE = image_document("an image of mixtures")


def test_glance_is_served_without_keystone(tmp_path: Path) -> None:
    conf = tmp_path / "glance.conf"
    conf.write_text("[api]\nauth_strategy = noauth\n")
    arguments = ["--config-file", str(conf)]
    with GlimpseProcess(tmp_path / "behind", arguments=arguments) as backend:
        cloud = EmbeddedCloud(backend)
        cloud.put_images([IMAGE])
        sections = "[glimpse]\nimage_service = glance\n[api]\nauth_strategy = noauth\n"
        sections += "[metrics]\nport = 0\n"  # other processes use the default port
        (tmp_path / "nova.conf").write_text(
            f"{sections}[glance]\napi_servers = {backend.base_url}/image\n"
        )
        arguments = ["--config-file", str(tmp_path / "nova.conf")]
        with GlimpseProcess(tmp_path / "gateway", arguments=arguments) as process:
            headers = {
                "X-Auth-Token": f"owner:{OWNER.project_id}",
                "Content-Type": "application/json",
            }
            path = f"/v2.1/images/{IMAGE['id']}/metadata/colour"
            body = json.dumps({"meta": {"colour": "blue"}}).encode()
            written = request(process.address, "PUT", path, headers, body)
            assert written.status == 200, str(written)
            read = request(process.address, "GET", path, headers)
            assert read.json() == {"meta": {"colour": "blue"}}, str(read)
            assert request(process.address, "GET", path).status == 401


def test_embedded_images_are_served_to_users_of_keystone(
    backend: EmbeddedCloud, tmp_path: Path
) -> None:
    sections = {"glimpse": {"image_service": "embedded"}}
    with gateway(tmp_path / "gateway", backend, sections) as cloud:
        own = EmbeddedCloud(cloud.process)
        own.put_images([IMAGE])
        token = {"X-Auth-Token": issue_token(backend.identity_url, "owner")}
        for path in (f"/v2.1/images/{IMAGE['id']}", f"/image/v2/images/{IMAGE['id']}"):
            response = request(cloud.address, "GET", path, token)
            assert response.status == 200, str(response)
            assert request(cloud.address, "GET", path, {"X-Auth-Token": "x"}).status == 401
        assert request(cloud.address, "GET", "/identity/v3").status in (300, 404)
