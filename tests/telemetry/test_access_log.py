"""The access log of a running process, and the secrets that it must not contain."""

import json
import logging
import re
from contextvars import copy_context
from datetime import datetime
from pathlib import Path

import pytest

from glimpse.http.proxy_headers import client_address
from glimpse.images import Caller
from glimpse.settings import load_settings
from glimpse.telemetry.access_log import redacted_target
from glimpse.telemetry.log_formatters import LineFormatter
from glimpse.telemetry.request_context import RequestContext, current_context
from tests.support.cloud import PASSWORD, EmbeddedCloud, Member, seed_identity
from tests.support.http import request
from tests.support.process import GlimpseProcess

DEMO = Member("demo", "d" * 32)


def _configured(tmp_path: Path, text: str) -> EmbeddedCloud:
    conf = tmp_path / "glimpse.conf"
    conf.write_text(f"{text}\n[healthcheck]\ndisable_by_file_path = {tmp_path / 'disabled'}\n")
    seed_identity(tmp_path / "state", [DEMO])
    arguments = ["--config-file", str(conf)]
    return EmbeddedCloud(GlimpseProcess(tmp_path / "state", arguments=arguments))


def _user_id(cloud: EmbeddedCloud, token: str) -> str:
    headers = {"X-Auth-Token": token, "X-Subject-Token": token}
    response = request(cloud.address, "GET", "/identity/v3/auth/tokens", headers)
    return str(response.json()["token"]["user"]["id"])


def test_each_request_is_logged_without_secrets(tmp_path: Path) -> None:
    cloud = _configured(tmp_path, "")
    with cloud.process as process:
        token = cloud.token("demo") or ""
        user_id = _user_id(cloud, token)
        headers = {"X-Auth-Token": token}
        listed = request(process.address, "GET", "/v2.1/images?limit=5&token=abc", headers)
        request(process.address, "GET", f"/v2.0/tokens/{token}", headers)
        request(process.address, "GET", "/v2.1/images", {"X-Auth-Token": "wrong"})
        process.stop()
        text = process.log.read_text()
    ids = f"{user_id} {DEMO.project_id}"
    line = re.escape(
        f"[- {listed.header('X-Openstack-Request-Id')} {ids}] 127.0.0.1 "
        f'"GET /v2.1/images?limit=5&token=*** HTTP/1.1" status: 200 len: {len(listed.body)} time: '
    )
    assert re.search(line + r"\d+\.\d{4} operation: list_images glance: 0\.0000\n", text), text
    assert '"POST /identity/v3/auth/tokens HTTP/1.1" status: 201' in text
    assert "operation: identity.issue" in text
    assert '"GET /v2.0/tokens/*** HTTP/1.1" status: ' in text
    assert " - -] 127.0.0.1" in text, "a request of nobody has no ids"
    assert token not in text
    assert PASSWORD not in text


def test_json_lines_have_every_value_as_a_field(tmp_path: Path) -> None:
    cloud = _configured(tmp_path, "[DEFAULT]\nuse_json = true")
    with cloud.process as process:
        token = cloud.token("demo") or ""
        user_id = _user_id(cloud, token)
        globally = "req-11111111-2222-3333-4444-555555555555"
        headers = {"X-Auth-Token": token, "X-Openstack-Request-Id": globally}
        missing = request(process.address, "GET", "/v2.1/images/none/metadata", headers)
        process.stop()
        lines = process.log.read_text().splitlines()
    documents = [json.loads(line) for line in lines if line.startswith("{")]
    found = next(
        one for one in documents if (one["args"] or {}).get("operation") == "list_metadata"
    )
    assert found["args"]["seconds"] > 0
    assert (found["name"], found["levelname"], found["levelno"]) == ("glimpse.access", "INFO", 20)
    assert found["context"] == {
        "request_id": missing.header("X-Openstack-Request-Id"),
        "global_request_id": globally,
        "user": user_id,
        "project": DEMO.project_id,
    }
    expected = {
        "client": "127.0.0.1",
        "method": "GET",
        "target": "/v2.1/images/none/metadata",
        "status": 404,
        "bytes": len(missing.body),
        "glance_seconds": 0.0,
    }
    assert {key: found["args"][key] for key in expected} == expected
    started = documents[0]
    assert (started["context"], started["args"], started["traceback"]) == ({}, None, None)
    date = datetime.fromtimestamp(started["created"]).strftime("%Y-%m-%d %H:%M:%S")  # noqa: DTZ006
    assert re.fullmatch(rf"{date},\d\d\d", started["asctime"]), started


def test_health_checks_are_logged_only_if_they_fail(tmp_path: Path) -> None:
    with _configured(tmp_path, "").process as process:
        request(process.address, "GET", "/healthcheck?good")
        (tmp_path / "disabled").touch()
        request(process.address, "GET", "/healthcheck?bad")
        process.stop()
        text = process.log.read_text()
    assert "healthcheck?good" not in text
    assert '"GET /healthcheck?bad HTTP/1.1" status: 503' in text


def test_the_access_log_can_be_disabled(tmp_path: Path) -> None:
    with _configured(tmp_path, "[glimpse]\naccess_log = false").process as process:
        request(process.address, "GET", "/v2.1/images")
        process.stop()
        assert "/v2.1/images" not in process.log.read_text()


@pytest.mark.parametrize(
    ("path", "query", "shown"),
    [
        (b"/v2.1/images", b"", "/v2.1/images"),
        (b"/v2.1/images", b"name=a%20b&limit=1", "/v2.1/images?name=a%20b&limit=1"),
        (b"/x", b"a=1&X-Auth-Token=abc&b=2", "/x?a=1&X-Auth-Token=***&b=2"),
        (b"/x", b"adminPass=abc&sig=1", "/x?adminPass=***&sig=1"),
        (b"/x", b"%74oken=abc", "/x?%74oken=***"),
        (b"/x", b"token", "/x?token"),
        (b"/v3/auth/tokens", b"", "/v3/auth/tokens"),
        (b"/v2.0/tokens/abc/endpoints", b"", "/v2.0/tokens/***/endpoints"),
        (b"/a%0Ab", b"", "/a%0Ab"),
        (b"/\xe9", b"", "/\\xe9"),
    ],
)
def test_a_target_is_shown_without_secrets(path: bytes, query: bytes, shown: str) -> None:
    assert redacted_target({"raw_path": path, "path": "", "query_string": query}) == shown


def test_without_a_raw_path_the_target_is_one_line() -> None:
    assert redacted_target({"path": "/a\nb", "query_string": b""}) == "/a%0Ab"


def test_unknown_names_in_log_formats_are_a_dash(tmp_path: Path) -> None:
    conf = tmp_path / "nova.conf"
    text = "%(levelname)s %(resource)s%(domain)s %(instance)s%(message)s"
    conf.write_text(f"[DEFAULT]\nlogging_default_format_string = {text}\n")
    server = load_settings([conf]).server
    record = logging.LogRecord("name", logging.INFO, __file__, 1, "said %s", ("so",), None)
    assert LineFormatter(server).format(record) == "INFO - said so"


DEVSTACK = """[DEFAULT]
debug = True
logging_exception_prefix = ERROR %(name)s %(instance)s
logging_default_format_string = %(color)s%(levelname)s %(name)s [-] %(instance)s%(message)s
logging_context_format_string = %(color)s%(levelname)s [%(user_identity)s] %(message)s
logging_user_identity_format = %(project_name)s/%(user_name)s@%(user_domain)s
logging_debug_format_suffix = {{%(funcName)s}}
"""


def test_every_format_option_of_oslo_log_has_its_effect(tmp_path: Path) -> None:
    conf = tmp_path / "nova.conf"
    conf.write_text(DEVSTACK)
    formatter = LineFormatter(load_settings([conf]).server)

    def format_record(level: int, error: Exception | None = None) -> str:
        exc_info = (type(error), error, None) if error else None
        record = logging.LogRecord("name", level, __file__, 1, "said", None, exc_info, "why")
        return formatter.format(record)

    assert format_record(logging.INFO) == "INFO name [-] said"
    assert format_record(logging.DEBUG) == "DEBUG name [-] said {{why}}"
    assert (
        format_record(logging.ERROR, ValueError("odd"))
        == "ERROR name [-] said\nERROR name ValueError: odd"
    )

    context = RequestContext("req-1")
    context.caller = Caller(
        "u", "p", user_name="demo", project_name="ours", user_domain_id="default"
    )

    def format_in_request() -> str:
        current_context.set(context)
        return format_record(logging.INFO)

    assert copy_context().run(format_in_request) == "INFO [ours/demo@default] said"


def test_log_dir_without_log_file_logs_to_glimpse_log(tmp_path: Path) -> None:
    """As in oslo.log, the file has the name of the program."""
    with _configured(tmp_path, f"[DEFAULT]\nlog_dir = {tmp_path}").process as process:
        request(process.address, "GET", "/v2.1/images")
        process.stop()
    assert '"GET /v2.1/images HTTP/1.1"' in (tmp_path / "glimpse.log").read_text()


@pytest.mark.parametrize("trusted", [True, False])
def test_the_logged_client_is_the_forwarded_one_if_proxy_headers_are_trusted(
    tmp_path: Path, *, trusted: bool
) -> None:
    text = f"[oslo_middleware]\nenable_proxy_headers_parsing = {trusted}"
    with _configured(tmp_path, text).process as process:
        request(process.address, "GET", "/", {"X-Forwarded-For": "192.0.2.7, 127.0.0.9"})
        process.stop()
        client = "192.0.2.7" if trusted else "127.0.0.1"
        assert f'] {client} "GET / HTTP/1.1"' in process.log.read_text()


@pytest.mark.parametrize(
    ("name", "value", "address"),
    [
        (b"forwarded", b'for="[2001:db8::1]:4711";proto=https, for=192.0.2.9', "2001:db8::1"),
        (b"forwarded", b"for=192.0.2.7:80", "192.0.2.7"),
        (b"forwarded", b"proto=https", None),
        (b"x-forwarded-for", b"2001:db8::1", "2001:db8::1"),
        (b"x-forwarded-for", b"unknown", None),
        (b"x-forwarded-for", b'1.2.3.4" status: 200', None),
        (b"via", b"1.1 proxy", None),
    ],
)
def test_a_forwarded_text_that_is_no_address_is_ignored(
    name: bytes, value: bytes, address: str | None
) -> None:
    assert client_address({name: value}) == address
