"""Every value that an API or `glimpse load` accepts can be listed in both APIs."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from glimpse.bulk_load.image_documents import parse_image_and_members
from glimpse.bulk_load.load_file import LoadFile
from glimpse.images.errors import Invalid
from tests.acceptance.conftest import MEMBERS
from tests.support.cloud import EmbeddedCloud, seed_identity
from tests.support.embedded import IMAGE_FORMATS
from tests.support.process import GlimpseProcess, run_glimpse

PATCH = ("Content-Type", "application/openstack-images-v2.1-json-patch")
DATE = "2024-03-01T00:00:00Z"
# Values as JSON text; only a lenient parser accepts some of them.
VALUES = [
    *("null", "true", "-1", "9223372036854775808", "1e308", "1e999", "NaN", "1.5", "9" * 400),
    *("[]", "{}", '""', '"a"', '"\\u0000"', '"\\ud800"', '"\U0001f511"'),
    *(
        '"0001-01-01T00:00:00+23:59"',
        '"9999-12-31T23:59:59-23:59"',
        '"9999-12-31T23:59:59.999999Z"',
    ),
    *('"%s"' % ("x" * 256), '["\\ud800"]', '["\\u0000"]', "[1]", "[" * 2000 + "]" * 2000),
]
ATTRIBUTES = [
    *("id", "name", "status", "visibility", "owner", "size", "virtual_size", "min_ram", "min_disk"),
    *("protected", "os_hidden", "disk_format", "container_format", "checksum", "os_hash_algo"),
    *(
        "os_hash_value",
        "created_at",
        "updated_at",
        "tags",
        "members",
        "locations",
        "self",
        "colour",
    ),
    *("instance_uuid", "auto_disk_config", "mappings", "block_device_mapping", "os_glance_x", ""),
    *("\\u0000", "\\ud800", "\U0001f511", "deleted_at", "image_id", "x" * 256),
]
LISTS = ("/v2.1/images", "/v2.1/images/detail", "/v2/images/detail", "/image/v2/images?limit=1000")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    state_dir: Path = tmp_path_factory.mktemp("values") / "state"
    seed_identity(state_dir, MEMBERS)
    with GlimpseProcess(state_dir) as process:
        yield EmbeddedCloud(process)


@pytest.fixture
def check_lists_afterwards(cloud: EmbeddedCloud) -> Iterator[None]:
    """Check after the test that all lists succeed with the same number of images."""
    yield
    counts = set()
    for target in LISTS:
        response = cloud.request("admin", "GET", target)
        assert response.status == 200, str(response)
        counts.add(len(response.json()["images"]))
    assert len(counts) == 1
    log = cloud.process.log.read_text()
    assert "Traceback" not in log
    assert "is broken" not in log


@pytest.mark.usefixtures("check_lists_afterwards")
@pytest.mark.parametrize("attribute", ATTRIBUTES, ids=range(len(ATTRIBUTES)))
def test_written_metadata_can_be_listed(cloud: EmbeddedCloud, attribute: str) -> None:
    made = cloud.request("admin", "POST", "/image/v2/images", b"{}").json()["id"]
    for value in VALUES:
        body = f'{{"{attribute}": {value}}}'.encode()
        patch = f'[{{"op": "add", "path": "/{attribute}", "value": {value}}}]'.encode()
        metadata = f'{{"metadata": {{"{attribute}": {value}}}}}'.encode()
        for response in (
            cloud.request("admin", "POST", "/image/v2/images", body),
            cloud.request("admin", "PATCH", f"/image/v2/images/{made}", patch, [PATCH]),
            cloud.request("admin", "POST", f"/v2/images/{made}/metadata", metadata),
        ):
            assert response.status < 500, (attribute, value[:100], str(response))
    shown = cloud.request("admin", "GET", f"/v2.1/images/{made}")
    assert shown.status == 200, str(shown)


@pytest.mark.usefixtures("check_lists_afterwards")
def test_loaded_images_can_be_listed(cloud: EmbeddedCloud, tmp_path: Path) -> None:
    """Load all documents that are valid on their own."""
    accepted: list[str] = []
    for attribute in ATTRIBUTES:
        for value in VALUES:
            text = _loadable(len(accepted), attribute, value)
            if text is not None and _is_accepted(text):
                accepted.append(text)
    source = tmp_path / "images.jsonl"
    source.write_text("\n".join(accepted), encoding="utf-8")
    done = run_glimpse("load", "--without-data", "--state-dir", str(cloud.state_dir), str(source))
    assert done.returncode == 0, done.stdout + done.stderr


def _loadable(number: int, attribute: str, value: str) -> str | None:
    usual: dict[str, Any] = {
        "id": f"{number:08x}-0000-4000-8000-000000000000",
        "status": "active",
        "visibility": "public",
        "created_at": DATE,
        "updated_at": DATE,
    }
    usual.pop(attribute, None)
    return f'{json.dumps(usual)[:-1]}, "{attribute}": {value}}}'


def _is_accepted(text: str) -> bool:
    """Return True if `glimpse load` accepts the document."""
    try:
        for document in LoadFile(io.BytesIO(text.encode())):
            parse_image_and_members(document, IMAGE_FORMATS)
    except Invalid:
        return False
    return True
