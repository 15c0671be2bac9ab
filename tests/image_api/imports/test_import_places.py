"""Imports from sources that send nothing do not keep others waiting for ever."""

from pathlib import Path

from tests.image_api.imports.conftest import serving
from tests.support.process import wait_until
from tests.support.scripted_server import ScriptedServer


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
