"""``glimpse check``: what it finds out about Glance's database."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from glimpse.cli.check_glance_database import check_glance_database
from glimpse.cli.finding import Finding
from glimpse.settings import load_settings
from tests.glance_database.glance_tables import PASSWORD, GlanceTables
from tests.glance_database.replicated_gateway import ReplicatedGateway
from tests.glance_database.replication import Replication
from tests.support.policy import write_policy
from tests.support.process import free_port


async def _check(url: str, **options: object) -> list[Finding]:
    overrides: Mapping[str, object] = {"connection": url, **options}
    settings = load_settings([], {f"glance_database.{key}": overrides[key] for key in overrides})
    findings = [finding async for finding in check_glance_database(settings)]
    assert PASSWORD not in str(findings)
    return findings


async def test_a_database_that_can_only_be_read_is_right(tables: GlanceTables) -> None:
    where = f"Glance's database at 127.0.0.1:{tables.port}"
    text = f"{where} can be read and has a schema that Glimpse knows"
    assert await _check(tables.url) == [Finding("ok", text)]


async def test_a_user_who_may_write_is_noted(tables: GlanceTables) -> None:
    await tables.execute("grant insert on image_properties to reader")
    _, finding = await _check(tables.url)
    assert finding.severity == "note"
    assert "user reader may write" in finding.text


@pytest.mark.parametrize(("fallback", "severity"), [("glance", "note"), ("refuse", "FAIL")])
async def test_a_database_that_cannot_be_read_fails_unless_glance_serves_instead(
    fallback: str, severity: str, tables: GlanceTables
) -> None:
    port = free_port()
    (finding,) = await _check(tables.url.replace(str(tables.port), str(port)), fallback=fallback)
    assert finding.severity == severity
    assert f"127.0.0.1:{port} cannot be read" in finding.text
    await tables.execute("update alembic_version set version_num = '2027_1_contract01'")
    (finding,) = await _check(tables.url, fallback=fallback)
    assert finding.severity == severity
    assert "revision 2027_1_contract01" in finding.text


async def test_settings_that_cannot_be_used_fail(tmp_path: Path) -> None:
    rules = {"get_image": "http://policy.example.org/"}
    file = str(write_policy(tmp_path / "policy.yaml", rules))
    for options in ({"policy_file": file}, {"property_protection_file": "protections.conf"}):
        (finding,) = await _check("mysql://u@127.0.0.1/glance", **options)
        assert finding.severity == "FAIL"
        assert next(iter(options)) in finding.text
    for url, replica in (
        ("sqlite:///glance.db", None),
        ("mysql://u@127.0.0.1/glance", "postgresql://u@127.0.0.1/glance"),
        ("mysql://u@127.0.0.1/glance", "mysql://u@127.0.0.1"),
        ("", "mysql://u@127.0.0.1/glance"),
    ):
        (finding,) = await _check(url, replica_connection=replica)
        assert finding.severity == "FAIL"


async def test_a_replica_is_compared_with_the_primary(
    replication: Replication, primary_tables: GlanceTables, replicated: ReplicatedGateway
) -> None:
    port = replication.replica.port
    replica = primary_tables.url_at(port)
    await replicated.until_replicated(await primary_tables.put_image())
    _, finding = await _check(primary_tables.url, replica_connection=replica)
    assert finding.severity == "ok"
    assert re.fullmatch(
        f"Its replica at 127.0.0.1:{port} can be read and is at most [01].[0-9] s behind",
        finding.text,
    )


async def test_what_is_not_a_replica_is_noted_with_the_reason(
    replication: Replication, primary_tables: GlanceTables
) -> None:
    options = {"replica_connection": primary_tables.url, "max_replica_lag": 0.01}
    _, finding = await _check(primary_tables.url, **options)
    assert finding.severity == "note"
    reasons = {"mysql": "it does not replicate", "postgresql": "it is not a replica"}
    assert f"is not read, but the primary: {reasons[replication.dialect]}" in finding.text
