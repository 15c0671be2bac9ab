"""Notes about environment variables that have no effect."""

from pathlib import Path

import pytest

from glimpse.settings import load_settings
from glimpse.settings.ignored_variables import find_ignored_variables


def test_proxies_and_ca_bundles_are_reported() -> None:
    environment = {"https_proxy": "http://u:p@proxy", "REQUESTS_CA_BUNDLE": "/a", "PATH": "/bin"}
    notes = list(find_ignored_variables({**environment, "HTTP_PROXY": ""}))
    assert [note.partition(" has no effect")[0] for note in notes] == [
        "The environment variable HTTPS_PROXY",
        "The environment variable REQUESTS_CA_BUNDLE",
    ]
    assert "proxy:" not in "".join(notes)


@pytest.mark.parametrize(
    ("text", "count"),
    [("[glimpse]\nimage_service = glance\n", 1), ("[api]\nauth_strategy = keystone\n", 1), ("", 0)],
)
def test_only_gateways_report_proxies_and_ca_bundles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, count: int
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    file = tmp_path / "glimpse.conf"
    file.write_text(text)
    assert len(load_settings([str(file)]).ineffective_options) == count
