"""Opening the image service that [glance_database] configures."""

import asyncio
from pathlib import Path

import pytest

from glimpse.app.gateway import open_gateway_components
from glimpse.glance import GlanceImageService
from glimpse.glance_database.service import GlanceDatabaseImageService
from glimpse.identity.noauth import NoAuthIdentity
from glimpse.settings import InvalidSettings, Settings, load_settings

_URLS = ("mysql+pymysql://u:secret@127.0.0.1/glance", "postgresql://u:secret@127.0.0.1/glance")


def _settings(tmp_path: Path, connection: str | None, *files: Path) -> Settings:
    overrides = {
        "api.auth_strategy": "noauth",
        "glimpse.image_service": "glance",
        "glimpse.state_dir": str(tmp_path),
        "glance.api_servers": ["http://127.0.0.1:9292"],
        "glance_database.connection": connection,
    }
    return load_settings(files, overrides)


async def test_without_the_option_glances_api_is_read(tmp_path: Path) -> None:
    components = await open_gateway_components(_settings(tmp_path, None), None)
    assert isinstance(components.images, GlanceImageService)
    await components.close()


@pytest.mark.parametrize("url", _URLS)
async def test_with_the_option_the_database_is_read_and_opened_later(
    url: str, tmp_path: Path
) -> None:
    components = await open_gateway_components(_settings(tmp_path, url), None)
    assert isinstance(components.images, GlanceDatabaseImageService)
    await components.close()


async def test_property_protections_are_refused(tmp_path: Path) -> None:
    conf = tmp_path / "glance-api.conf"
    conf.write_text("[DEFAULT]\nproperty_protection_file = protections.conf\n")
    settings = _settings(tmp_path, _URLS[0], conf)
    with pytest.raises(InvalidSettings, match=r"\[glance_database\] property_protection_file"):
        await open_gateway_components(settings, None)


async def test_a_replica_without_a_primary_is_refused(tmp_path: Path) -> None:
    conf = tmp_path / "glimpse.conf"
    conf.write_text(f"[glance_database]\nreplica_connection = {_URLS[0]}\n")
    with pytest.raises(InvalidSettings, match="replica_connection needs connection"):
        await open_gateway_components(_settings(tmp_path, None, conf), None)


async def test_a_url_that_cannot_be_used_is_refused_without_printing_its_password(
    tmp_path: Path,
) -> None:
    settings = _settings(tmp_path, "sqlite://u:secret@host/glance.db")
    with pytest.raises(InvalidSettings, match=r"\[glance_database\] connection") as error:
        await open_gateway_components(settings, None)
    assert "secret" not in str(error.value)
    assert "secret" not in repr(settings)


async def test_start_that_ends_early_closes_glance_and_the_identity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = []

    async def interrupt(_: GlanceDatabaseImageService) -> None:
        raise asyncio.CancelledError

    async def close(part: object) -> None:
        closed.append(type(part))

    monkeypatch.setattr(GlanceDatabaseImageService, "check_schema", interrupt)
    for part in (GlanceImageService, NoAuthIdentity):
        monkeypatch.setattr(part, "close", close)
    with pytest.raises(asyncio.CancelledError):
        await open_gateway_components(_settings(tmp_path, _URLS[0]), None)
    assert closed == [NoAuthIdentity, GlanceImageService]
