"""Removes the environment variables about which the settings log a note."""

import pytest

from glimpse.settings.ignored_variables import IGNORED


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in IGNORED:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
