"""Requests for imports that are refused, and the stores that a request may name."""

import uuid
from pathlib import Path

import pytest

from tests.image_api.imports.conftest import serving
from tests.image_api.imports.import_api import DIRECT, ImportApi
from tests.support.scripted_server import ScriptedServer

WEB = {"name": "web-download", "uri": "http://127.0.0.1/"}


@pytest.mark.parametrize(
    "document",
    [
        *(b"", b"{", None, [], "x", 1, {}, {"method": None}, {"method": "x"}, {"method": {}}),
        {"method": {"name": "copy-image"}},
        {"method": {"name": "glance-download"}},
        {"method": {"name": "x" * 500}},
        {"method": {"name": None}},
        {"method": {"name": []}},
        *({"method": {"name": "web-download", "uri": uri}} for uri in (None, 1, "", "x", "\0")),
        {"method": {"name": "web-download"}},
        {**DIRECT, "all_stores": 1},
        {**DIRECT, "all_stores_must_succeed": "true"},
        {"method": WEB, "all_stores": True, "stores": ["store"]},
        {"method": WEB, "stores": "store"},
        {"method": WEB, "stores": None},
        {"method": WEB, "stores": []},
        {**DIRECT, "large": "x" * 20_000},
    ],
    ids=lambda each: ascii(each)[:50],
)
def test_a_malformed_request_for_an_import_is_400(import_api: ImportApi, document: object) -> None:
    image_id = import_api.new()
    response = import_api.start(image_id, document)
    assert response.status == 400, str(response)
    assert import_api.show(image_id)["status"] == "queued"
    assert import_api.tasks(image_id) == []


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://127.0.0.1/", "file:///etc/passwd", "http://0x7f000001/", "http://2130706433/"),
        *("http://169.254.169.254/", "http://[::1]/", "http://[::ffff:169.254.169.254]/"),
        *("http://u:p@127.0.0.1/", "http://10.0.0.1/", "http://nothing.invalid/"),
    ],
)
def test_a_url_that_is_not_permitted_is_400(import_api: ImportApi, url: str) -> None:
    image_id = import_api.new()
    response = import_api.download(image_id, f"{url}?secret")
    assert response.status == 400, str(response)
    assert b"secret" not in response.body
    assert import_api.tasks(image_id) == []


def test_the_store_of_an_import_may_be_named(import_api: ImportApi, source: ScriptedServer) -> None:
    method = {"method": {"name": "web-download", "uri": source.base_url}}
    for more, headers in (
        ({"stores": ["store"]}, {}),
        ({"all_stores": True, "all_stores_must_succeed": False}, {}),
        ({}, {"X_Image_Meta_Store": "store"}),
    ):
        image_id = import_api.new()
        assert import_api.start(image_id, {**method, **more}, **headers).status == 202
        assert import_api.finished(image_id)["status"] == "success"
    image_id = import_api.new()
    unknown = import_api.start(image_id, {**method, "stores": ["store", "other"]})
    assert (unknown.status, b"other" in unknown.body) == (409, True)
    assert import_api.start(image_id, method, X_Image_Meta_Store="other").status == 409
    both = import_api.start(image_id, {**method, "stores": ["store"]}, X_Image_Meta_Store="store")
    assert both.status == 400
    every = import_api.start(image_id, {**method, "all_stores": True}, X_Image_Meta_Store="store")
    assert every.status == 400


def test_other_projects_cannot_give_an_image_data(
    import_api: ImportApi, source: ScriptedServer
) -> None:
    other, missing = "eve:iron", str(uuid.uuid4())
    hidden, visible = import_api.new(), import_api.new(visibility="community")
    for image_id, status in ((hidden, 404), (visible, 403), (missing, 404)):
        assert import_api.stage(image_id, token=other).status == status
        assert import_api.download(image_id, source.base_url, token=other).status == status
    assert import_api("GET", f"/v2/images/{hidden}/tasks", token=other).status == 404
    assert import_api.download(visible, source.base_url).status == 202
    assert import_api.finished(visible)["status"] == "success"
    assert import_api.tasks(visible, token=other) == []
    assert len(import_api.tasks(visible, token="admin")) == 1


def test_methods_that_are_not_enabled_are_refused(tmp_path: Path, source: ScriptedServer) -> None:
    web = {"method": {"name": "web-download", "uri": source.base_url}}
    given = {"import_from": source.base_url, "import_from_format": "raw", "image_properties": {}}
    task = {"type": "import", "input": given}
    with serving(tmp_path, methods="") as api:
        image_id = api.new()
        assert api("GET", "/v2/info/import").json()["import-methods"]["value"] == []
        assert api("POST", "/v2/images", {}).header("OpenStack-image-import-methods") is None
        assert api.stage(image_id).status == 404
        for document in (DIRECT, web):
            refused = api.start(image_id, document)
            assert (refused.status, b"Unknown import method" in refused.body) == (400, True)
        assert api("POST", "/v2/tasks", task, token="admin:iron").status == 400
    assert source.heads == []
