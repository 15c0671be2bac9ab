"""Imports from sources that send nothing do not keep others waiting for ever."""

from pathlib import Path

from tests.image_api.imports.conftest import serving
from tests.image_api.imports.import_api import FORMATS
from tests.support.process import wait_until
from tests.support.scripted_server import ScriptedServer

OTHER = "ann:silver"


def test_an_import_ends_when_its_image_is_deleted_though_its_source_is_silent(
    tmp_path: Path, slow_source: ScriptedServer, source: ScriptedServer
) -> None:
    """The time limits of downloads are minutes and hours."""
    with serving(tmp_path, max_running="1") as api:
        silent, waiting = api.new(), api.new()
        assert api.download(silent, slow_source.base_url).status == 202
        wait_until(lambda: slow_source.heads != [], "the download to begin")
        assert api.download(waiting, source.base_url).status == 202
        assert api("DELETE", f"/v2/images/{silent}").status == 204
        assert api.finished(waiting)["status"] == "success"


def test_slow_imports_of_a_project_leave_places_to_other_projects(
    tmp_path: Path, slow_source: ScriptedServer, source: ScriptedServer
) -> None:
    with serving(tmp_path, max_running="2", max_waiting="2", project_share="50") as api:
        slow = [api.new() for _ in range(3)]
        statuses = [api.download(image_id, slow_source.base_url).status for image_id in slow]
        assert statuses == [202, 202, 503]
        image_id = api("POST", "/v2/images", FORMATS, token=OTHER).json()["id"]
        assert api.download(image_id, source.base_url, token=OTHER).status == 202
        assert api.finished(image_id, token=OTHER)["status"] == "success"
        for each in slow:
            assert api("DELETE", f"/v2/images/{each}").status == 204
