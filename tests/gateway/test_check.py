"""``glimpse check`` of a gateway: which findings it prints, and that they have no secrets."""

from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.support.cloud import PASSWORD, EmbeddedCloud
from tests.support.fault_proxy import Fault, FaultProxy, respond_with
from tests.support.gateway import Sections, credentials, gateway, write_configuration
from tests.support.http import request
from tests.support.parameter_ids import parameter_id
from tests.support.process import free_port, run_glimpse
from tests.support.services import memcached, redis_server

QUICK = {"http_connect_timeout": 2, "http_request_max_retries": 0}
GLANCE = {"valid_interfaces": "public", "timeout": 2, "num_retries": 0}


def check(tmp_path: Path, backend: EmbeddedCloud, sections: Sections) -> CompletedProcess[str]:
    merged: dict[str, dict[str, object]] = {
        "keystone_authtoken": dict(QUICK),
        "glance": dict(GLANCE),
    }
    for section, options in sections.items():
        merged.setdefault(section, {}).update(options)
    conf = write_configuration(tmp_path / "nova.conf", backend.identity_url, merged)
    arguments = ["--port", str(free_port()), "--state-dir", str(tmp_path / "state")]
    done = run_glimpse("check", "--config-file", str(conf), *arguments)
    assert done.stderr == ""
    assert PASSWORD not in done.stdout
    assert "hidden" not in done.stdout
    return done


def service_user(backend: EmbeddedCloud, **changed: object) -> dict[str, object]:
    """Return options of [service_user] with which the gateway sends service tokens."""
    return {"send_service_user_token": True, **credentials(backend.identity_url), **changed}


def failures(done: CompletedProcess[str]) -> list[str]:
    found = [line[6:] for line in done.stdout.splitlines() if line.startswith("FAIL")]
    assert done.returncode == bool(found), done.stdout
    return found


def test_check_passes_for_a_working_gateway(backend: EmbeddedCloud, tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis, memcached(tmp_path) as cache:
        done = check(
            tmp_path,
            backend,
            {
                "coordination": {"backend_url": f"redis://127.0.0.1:{redis.port}?db=1"},
                "keystone_authtoken": {
                    "memcached_servers": f"127.0.0.1:{cache.port}",
                    "memcache_security_strategy": "encrypt",
                    "memcache_secret_key": "hidden",
                },
                "service_user": service_user(backend, cafile="/a.pem", region_name="Nowhere"),
            },
        )
    assert failures(done) == []
    for line in (
        "ok    the user of [service_user] can log in",
        f"ok    Keystone at {backend.identity_url}/v3 responds",
        "ok    the user of [keystone_authtoken] can log in",
        "ok    tokens can be validated: user service has the roles admin, manager, member",
        f"ok    Glance at {backend.process.base_url}/image responds and has v2",
        "ok    Glance lists images for user service",
        f"ok    images can be locked through redis://127.0.0.1:{redis.port}",
        f"ok    memcached at 127.0.0.1:{cache.port} responds",
        "note  [service_user] cafile is set and has no effect here",
        "note  [service_user] region_name is set and has no effect here",
    ):
        assert line in done.stdout, done.stdout


def test_check_reports_a_service_user_who_cannot_log_in(
    backend: EmbeddedCloud, tmp_path: Path
) -> None:
    done = check(tmp_path, backend, {"service_user": service_user(backend, password="hidden")})
    assert failures(done)[0] == (
        f"[service_user] cannot be used: Keystone at {backend.identity_url}/v3 responds 401 "
        "Unauthorized to the login of username service"
    )


def test_check_reports_a_wrong_password(backend: EmbeddedCloud, tmp_path: Path) -> None:
    done = check(tmp_path, backend, {"keystone_authtoken": {"password": "hidden"}})
    assert (
        f"[keystone_authtoken] cannot be used: Keystone at {backend.identity_url}/v3 responds 401 "
        "Unauthorized to the login of username service"
    ) in failures(done)
    assert f"ok    Keystone at {backend.identity_url}/v3 responds" in done.stdout
    assert "hidden" not in done.stdout + done.stderr


def test_readiness_and_log_say_whose_login_keystone_refuses(
    backend: EmbeddedCloud, tmp_path: Path
) -> None:
    options = {"keystone_authtoken": {"password": "hidden"}}
    with gateway(tmp_path / "gateway", backend, options) as cloud:
        response = request(cloud.address, "GET", "/readiness")
        log = cloud.process.log.read_text()
    refusal = (
        f"Keystone at {backend.identity_url}/v3 responds 401 Unauthorized to the login of "
        "username service"
    )
    assert response.status == 503, str(response)
    assert response.json()["parts"]["keystone"] == {"ready": False, "reason": refusal}
    assert f"{refusal}. Check the user, the password and the project" in log
    assert "hidden" not in log + str(response)


@pytest.mark.parametrize(
    "url", ["127.0.0.1:5000/v3", "user:hidden@keystone:5000", "ftp://keystone"]
)
def test_check_and_serve_name_an_auth_url_without_a_scheme(
    backend: EmbeddedCloud, tmp_path: Path, url: str
) -> None:
    done = check(tmp_path, backend, {"keystone_authtoken": {"auth_url": url}})
    shown = url.rpartition("@")[2]
    reason = f"[keystone_authtoken] auth_url: {shown!r} does not begin with http:// or https://"
    assert failures(done)[0].startswith(reason)
    conf = ["--config-file", str(tmp_path / "nova.conf"), "--port", str(free_port())]
    served = run_glimpse("serve", *conf, "--state-dir", str(tmp_path / "state"))
    assert served.returncode == 1
    assert served.stderr.splitlines()[-1].startswith(f"glimpse: {reason}")


@pytest.mark.parametrize(
    "fault", [None, Fault("hang"), respond_with(200, b"<html>")], ids=["refuses", "hangs", "HTML"]
)
def test_check_reports_a_failing_keystone(
    backend: EmbeddedCloud, tmp_path: Path, fault: Fault | None
) -> None:
    with FaultProxy(backend.address) as keystone:
        if fault:
            keystone.fail(fault)
        else:
            keystone.refuse()
        url = f"{keystone.base_url}/identity/v3"
        options = {"auth_url": url, "http_connect_timeout": 1}
        done = check(tmp_path, backend, {"keystone_authtoken": options})
    found = failures(done)
    assert any(keystone.base_url in line for line in found), done.stdout


def test_check_reports_the_failing_one_of_two_glances(
    backend: EmbeddedCloud, tmp_path: Path
) -> None:
    good = f"{backend.process.base_url}/image"
    with FaultProxy(backend.address) as bad:
        bad.fail(respond_with(200, b"<html>Welcome</html>", "text/html"))
        servers = f"{good},http://user:hidden@127.0.0.1:{bad.port}/image"
        done = check(tmp_path, backend, {"glance": {"api_servers": servers}})
    assert [line.partition(": ")[0] for line in failures(done)][:1] == [
        f"Glance at http://127.0.0.1:{bad.port}/image"
    ]
    assert f"ok    Glance at {good} responds" in done.stdout


def test_check_reports_why_keystone_cannot_be_reached(
    backend: EmbeddedCloud, tmp_path: Path
) -> None:
    done = check(tmp_path, backend, {"keystone_authtoken": {"auth_url": "http://127.0.0.1:1/v3"}})
    assert failures(done)[0].startswith(
        "Keystone at http://127.0.0.1:1/v3: Keystone cannot be reached. (ConnectFailure: [Errno "
    ), done.stdout


def test_check_reports_the_response_of_a_server_that_is_not_keystone(
    backend: EmbeddedCloud, tmp_path: Path
) -> None:
    url = f"{backend.process.base_url}/image/v9"
    done = check(tmp_path, backend, {"keystone_authtoken": {"auth_url": url}})
    assert f"{url} responds " in failures(done)[0], done.stdout


def test_check_reports_a_region_without_glance(backend: EmbeddedCloud, tmp_path: Path) -> None:
    done = check(tmp_path, backend, {"glance": {"region_name": "Nowhere"}})
    (failure,) = failures(done)
    assert failure == (
        "Where the Image service is cannot be found out: Keystone's catalog names no image service "
        "with the interface public in the region Nowhere."
    )


def test_check_reports_a_region_without_keystone(backend: EmbeddedCloud, tmp_path: Path) -> None:
    keystone = {"region_name": "Nowhere"}
    options: Sections = {"keystone_authtoken": keystone, "service_user": service_user(backend)}
    first, second, *_ = failures(check(tmp_path, backend, options))
    advice = (
        "(check [keystone_authtoken] interface and region_name, and the endpoints in the catalog)"
    )
    assert first.endswith(f"in the region Nowhere. {advice}")
    assert second.startswith("[service_user] cannot be used: Keystone's catalog names no identity")
    assert second.endswith(f"in the region Nowhere. {advice}")


def test_check_reports_a_login_without_a_project(backend: EmbeddedCloud, tmp_path: Path) -> None:
    options = {"project_name": "", "project_domain_name": ""}
    done = check(tmp_path, backend, {"keystone_authtoken": options})
    assert "responds without a catalog, since no project is set," in failures(done)[0], done.stdout


def test_check_and_serve_name_a_missing_password(backend: EmbeddedCloud, tmp_path: Path) -> None:
    conf = write_configuration(tmp_path / "nova.conf", backend.identity_url, {})
    conf.write_text(conf.read_text().replace("\npassword", "\npasword"))
    arguments = ["--config-file", str(conf), "--state-dir", str(tmp_path / "state")]
    arguments += ["--port", str(free_port())]
    checked, served = run_glimpse("check", *arguments), run_glimpse("serve", *arguments)
    assert failures(checked)[0] == "[keystone_authtoken] password is not set."
    assert "[keystone_authtoken] pasword is unknown" in checked.stdout
    assert served.stderr.endswith("glimpse: [keystone_authtoken] password is not set.\n")


def test_check_passes_if_glance_lists_no_images_for_the_user_of_glimpse(
    backend: EmbeddedCloud, tmp_path: Path
) -> None:
    with FaultProxy(backend.address) as glance:
        glance.fail(respond_with(403, b"No."), when=lambda head: b" /image/v2/images?" in head)
        servers = f"{glance.base_url}/image"
        done = check(tmp_path, backend, {"glance": {"api_servers": servers}})
    assert failures(done) == []
    assert "note  Glance lists no images for user service, who needs none" in done.stdout


def test_check_prints_the_versions_of_glance_in_their_order(
    backend: EmbeddedCloud, tmp_path: Path
) -> None:
    assert "v2.0, v2.1, v2.2" in (printed := check(tmp_path, backend, {}).stdout), printed
    assert "v2.9, v2.10" in printed, printed


def test_check_reports_why_glance_cannot_be_reached(backend: EmbeddedCloud, tmp_path: Path) -> None:
    done = check(tmp_path, backend, {"glance": {"api_servers": "http://127.0.0.1:1"}})
    assert failures(done)[0].startswith(
        "Glance at http://127.0.0.1:1: The Image service cannot be reached. ([Errno 111] "
    ), done.stdout


def test_check_reports_a_lock_service_and_a_cache_that_are_down(
    backend: EmbeddedCloud, tmp_path: Path
) -> None:
    done = check(
        tmp_path,
        backend,
        {
            "coordination": {"backend_url": "redis://:hidden@127.0.0.1:1"},
            "keystone_authtoken": {
                "memcached_servers": "127.0.0.1:1",
                "memcache_security_strategy": "MAC",
                "memcache_secret_key": "hidden",
            },
        },
    )
    (failure,) = failures(done)
    assert failure.startswith("images cannot be locked through redis://127.0.0.1:1"), failure
    assert "note  memcached at 127.0.0.1:1 does not respond" in done.stdout


@pytest.mark.parametrize(
    ("section", "options", "words"),
    [
        ("coordination", {"backend_url": "nonsense://x"}, "no lock service"),
        ("keystone_authtoken", {"auth_type": "nonsense"}, "cannot be used"),
        ("keystone_authtoken", {"cafile": "/nowhere.pem"}, "/nowhere.pem"),
        ("glance", {"certfile": "/nowhere.crt", "keyfile": "/nowhere.key"}, "/nowhere.crt"),
        ("oslo_policy", {"policy_file": "/nowhere.yaml"}, "/nowhere.yaml does not exist: correct"),
        ("oslo_policy", {"policy_file": "nowhere.yaml"}, "neither beside the configuration"),
        ("api", {"auth_strategy": "embedded"}, "Keystone's"),
    ],
    ids=parameter_id,
)
def test_check_reports_unusable_options(
    backend: EmbeddedCloud,
    tmp_path: Path,
    section: str,
    options: dict[str, object],
    words: str,
) -> None:
    sections: dict[str, dict[str, object]] = {"glimpse": {"image_service": "glance"}}
    done = check(tmp_path, backend, {**sections, section: options})
    assert any(words in line for line in failures(done)), done.stdout


def test_check_reports_a_missing_url_without_keystone(
    backend: EmbeddedCloud, tmp_path: Path
) -> None:
    noauth = {"api": {"auth_strategy": "noauth"}, "glimpse": {"image_service": "glance"}}
    (failure,) = failures(check(tmp_path, backend, noauth))
    assert "api_servers" in failure
