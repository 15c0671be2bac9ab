"""Unknown sections and options that resemble those of Glimpse are reported, and no others."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from keystoneauth1 import loading

from glimpse.settings import load_settings
from tests.settings.test_nova_conf import KOLLA


def messages(tmp_path: Path, text: str) -> list[str]:
    """Return the messages for the operator about a configuration file."""
    conf = tmp_path / "glimpse.conf"
    conf.write_text(text)
    found = load_settings([conf]).ineffective_options
    return [each for each in found if "unknown" in each]


@pytest.mark.parametrize(
    ("section", "option", "meant"),
    [
        *(("glimpse", "prot", "port"), ("glimpse", "state-dir", "state_dir")),
        *(("glimpse", "Workers", "workers"), ("DEFAULT", "log_fil", "log_file")),
        *(("glance", "api_server", "api_servers"), ("metrics", "prot", "port")),
        *(("keystone_authtoken", "memcached_server", "memcached_servers"),),
        *(("keystone_authtoken", "pasword", "password"), ("service_user", "usrname", "username")),
        ("keystone_authtoken", "projct_name", "project_name"),
        ("oslo_middleware", "enable_proxy_header_parsing", "enable_proxy_headers_parsing"),
    ],
)
def test_an_option_that_resembles_one_is_reported(
    tmp_path: Path, section: str, option: str, meant: str
) -> None:
    assert messages(tmp_path, f"[{section}]\n{option} = 1\n") == [
        f"[{section}] {option} is unknown and has no effect: did you mean {meant}?"
    ]


def test_a_misspelled_option_of_a_section_of_credentials_is_reported(tmp_path: Path) -> None:
    text = "[keystone_authtoken]\nauth_section = nova_user\n[nova_user]\nauth_tipe = password\n"
    assert messages(tmp_path, text) == [
        "[nova_user] auth_tipe is unknown and has no effect: did you mean auth_type?"
    ]


def test_no_option_of_a_plugin_is_reported(tmp_path: Path) -> None:
    plugins: Iterable[Any] = loading.get_available_plugin_loaders().values()
    names = {option.dest for plugin in plugins for option in plugin.get_options()}
    lines = "".join(f"{name} = 1\n" for name in sorted(names))
    assert "passcode = 1\n" in lines
    assert messages(tmp_path, f"[keystone_authtoken]\n{lines}[service_user]\n{lines}") == []


@pytest.mark.parametrize(
    ("section", "meant"),
    [("glimps", "glimpse"), ("Glance", "glance"), ("healthchecks", "healthcheck")],
)
def test_a_section_that_resembles_one_is_reported(tmp_path: Path, section: str, meant: str) -> None:
    assert messages(tmp_path, f"[{section}]\nport = 1\n") == [
        f"The section [{section}] is unknown and has no effect: did you mean [{meant}]?"
    ]


def test_a_variable_with_a_misspelled_option_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OS_GLIMPSE__PROT", "1")
    assert messages(tmp_path, "") == [
        "[glimpse] prot is unknown and has no effect: did you mean port?"
    ]


NOVA = """
[DEFAULT]
osapi_compute_workers = 2
log_rotate_interval = 1
default_log_levels = a=DEBUG
compute_driver = libvirt.LibvirtDriver
[api]
max_limit = 1000
list_records_by_skipping_down_cells = true
[api_database]
connection = mysql://nova
[glance]
rbd_connect_timeout = 5
enable_rbd_download = false
verify_glance_signatures = false
[image_cache]
manager_interval = 2400
[keystone_authtoken]
auth_url = http://keystone:5000
service_name = nova
memcache_username = nova
[metrics]
weight_multiplier = 1.0
[quota]
instances = 10
injected_files = 5
[service_auth]
prot = a plugin's
"""


@pytest.mark.parametrize("text", [NOVA, KOLLA])
def test_options_of_nova_are_ignored_silently(tmp_path: Path, text: str) -> None:
    text = text.replace("service_name = nova", "auth_section = service_auth")
    assert messages(tmp_path, text) == []


def test_options_by_their_older_names_are_known(tmp_path: Path) -> None:
    assert messages(tmp_path, "[DEFAULT]\nlogfile = a\nlogdir = b\n") == []


def test_the_message_about_a_misspelled_login_says_that_keystone_is_not_used(
    tmp_path: Path,
) -> None:
    (message,) = messages(tmp_path, "[keystone_authtokn]\nauth_url = http://keystone/v3\n")
    assert message.startswith("The section [keystone_authtokn] is unknown and has no effect, so ")
    assert message.endswith(" Keystone validates no tokens: did you mean [keystone_authtoken]?")
