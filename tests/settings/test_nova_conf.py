"""Complete nova.conf files as kolla-ansible, DevStack and older releases write them."""

from pathlib import Path

import pytest

from glimpse.app.gateway import open_gateway
from glimpse.app.keystone_credentials import open_session
from glimpse.glance.api_servers import base_url
from glimpse.settings import InvalidSettings, Settings, load_settings
from glimpse.telemetry.log_setup import log_path

KEYSTONE = """
[keystone_authtoken]
auth_type = password
auth_url = http://$my_ip:5000
username = nova
password = secret
"""
SERVICE_USER = "[service_user]\nsend_service_user_token = true\n"
KOLLA = """
[DEFAULT]
debug = False
log_dir = /var/log/kolla/nova
state_path = /var/lib/nova
my_ip = 192.0.2.7
metadata_listen = $my_ip
instance_name_template = instance-%08x
transport_url = rabbit://openstack:pa$$word@192.0.2.7:5672//
[oslo_middleware]
enable_proxy_headers_parsing = True
[oslo_concurrency]
lock_path = $state_path/tmp
[glance]
cafile =
num_retries = 3
timeout =
api_servers = http://$my_ip:9292
[pci]
alias = { "vendor_id": "8086",
  "product_id": "1521" }
alias = { "vendor_id": "10de" }
[keystone_authtoken]
service_type = compute
www_authenticate_uri = http://${my_ip}:5000
auth_url = http://${my_ip}:5000
auth_type = password
project_domain_id = default
user_domain_id = default
project_name = service
username = nova
password = secret
region_name = RegionOne
http_connect_timeout =
memcache_security_strategy = ENCRYPT
memcache_secret_key = secret
memcached_servers = $my_ip:11211
[oslo_policy]
enforce_scope = True
"""


def loaded(tmp_path: Path, text: str) -> Settings:
    conf = tmp_path / "nova.conf"
    conf.write_text(text)
    return load_settings([conf])


def test_a_value_may_refer_to_an_option_of_nova(tmp_path: Path) -> None:
    settings = loaded(tmp_path, KOLLA)
    assert (settings.api.auth_strategy, settings.image_service) == ("keystone", "glance")
    assert settings.glance.api_servers == ("http://192.0.2.7:9292",)
    assert settings.keystone_authtoken.www_authenticate_uri == "http://192.0.2.7:5000"
    assert settings.keystone_authtoken.memcached_servers == ("192.0.2.7:11211",)
    assert open_session(settings).auth_url == "http://192.0.2.7:5000"


def test_an_empty_number_is_the_default(tmp_path: Path) -> None:
    assert loaded(tmp_path, KOLLA).glance.timeout == load_settings().glance.timeout


def test_a_reference_to_an_unset_option_names_it(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match=r"^A value refers to \$my_ip, which is not set\.$"):
        loaded(tmp_path, "[glance]\napi_servers = http://$my_ip:9292\n")


def test_unsupported_options_may_refer_to_anything(tmp_path: Path) -> None:
    text = "[DEFAULT]\nosapi_compute_listen = $my_ip\n[wsgi]\nssl_key_file = $pybasedir/key\n"
    notes = loaded(tmp_path, text).ineffective_options
    assert [note.split(" is set")[0] for note in notes] == [
        "[DEFAULT] osapi_compute_listen",
        "[wsgi] ssl_key_file",
    ]


def test_credentials_may_be_in_another_section(tmp_path: Path) -> None:
    text = f"[DEFAULT]\nmy_ip = 192.0.2.7\n{KEYSTONE.replace('keystone_authtoken', 'service_auth')}"
    text += "region_name = $username\n[keystone_authtoken]\nauth_section = service_auth\n"
    settings = loaded(tmp_path, text)
    assert (settings.api.auth_strategy, settings.image_service) == ("keystone", "glance")
    assert open_session(settings).auth_url == "http://192.0.2.7:5000"


@pytest.mark.parametrize("named", ["auth_section = service_auth\n", KEYSTONE.partition("]")[2]])
def test_a_service_user_may_have_its_own_credentials_or_share_others(
    tmp_path: Path, named: str
) -> None:
    text = f"[DEFAULT]\nmy_ip = 192.0.2.7\n{KEYSTONE.replace('keystone_authtoken', 'service_auth')}"
    text += f"{SERVICE_USER}{named}"
    settings = loaded(tmp_path, text)
    assert settings.service_user.send_service_user_token
    session = open_session(settings, "service_user")
    assert session.auth_url == "http://192.0.2.7:5000"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (KOLLA, "without auth_type"),
        (f"[api]\nauth_strategy = noauth2\n{SERVICE_USER}auth_type = password\n", "with noauth"),
    ],
)
def test_a_service_user_without_effect_is_noted(tmp_path: Path, text: str, why: str) -> None:
    settings = loaded(tmp_path, text if SERVICE_USER in text else f"{text}{SERVICE_USER}")
    note = f"[service_user] send_service_user_token is set and has no effect here {why}."
    others = [each for each in settings.ineffective_options if not each.startswith("[DEFAULT] log")]
    assert others == [note]


@pytest.mark.parametrize("text", ["log_dir = /var/log/nova", "logfile = /var/log/nova/api.log"])
def test_a_gateway_does_not_log_into_the_log_of_nova(tmp_path: Path, text: str) -> None:
    nova = KOLLA.replace("log_dir = /var/log/kolla/nova", text)
    settings = loaded(tmp_path, nova)
    assert log_path(settings.server) is None
    option, _, value = text.replace("logfile", "log_file").partition(" = ")
    assert "".join(settings.ineffective_options) == (
        f"[DEFAULT] {option} = {value} in {tmp_path}/nova.conf has no effect: it is the log of the "
        "service whose file this is. Use --log-file, or a file with Glimpse's options."
    )


def test_a_file_of_glimpse_beside_a_nova_conf_names_the_log(tmp_path: Path) -> None:
    own, nova = tmp_path / "glimpse.conf", tmp_path / "nova.conf"
    nova.write_text(KOLLA)
    own.write_text("[DEFAULT]\nlog_dir = /var/log/glimpse\n[glimpse]\nworkers = 2\n")
    for files in ([own, nova], [nova, own]):
        assert log_path(load_settings(files).server) == Path("/var/log/glimpse/glimpse.log")
    settings = load_settings([nova], {"DEFAULT.log_file": "/tmp/glimpse.log"})
    assert log_path(settings.server) == Path("/tmp/glimpse.log")


@pytest.mark.parametrize("text", ["log_dir =", "logdir ="])
def test_an_empty_log_option_of_a_nova_conf_has_no_effect_either(tmp_path: Path, text: str) -> None:
    own, nova = tmp_path / "glimpse.conf", tmp_path / "nova.conf"
    own.write_text("[DEFAULT]\nlog_dir = /var/log/glimpse\n")
    nova.write_text(KOLLA.replace("log_dir = /var/log/kolla/nova", text))
    settings = load_settings([own, nova])
    assert log_path(settings.server) == Path("/var/log/glimpse/glimpse.log")
    assert settings.ineffective_options == ()


def test_an_empty_log_option_in_the_last_own_file_overrides_an_earlier_one(tmp_path: Path) -> None:
    first, last, nova = (tmp_path / name for name in ("first.conf", "last.conf", "nova.conf"))
    first.write_text("[DEFAULT]\nlog_dir = /var/log/glimpse\n")
    last.write_text("[DEFAULT]\nlog_dir =\n")
    nova.write_text(KOLLA)
    assert log_path(load_settings([first, last, nova]).server) is None


def test_a_variable_names_the_log_beside_a_nova_conf(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OS_DEFAULT__LOG_FILE", "/tmp/glimpse.log")
    settings = loaded(tmp_path, KOLLA.replace("log_dir = ", "log_file = "))
    assert log_path(settings.server) == Path("/tmp/glimpse.log")
    assert settings.ineffective_options == ()


def test_a_section_of_credentials_does_not_make_a_file_that_of_another_service(
    tmp_path: Path,
) -> None:
    text = "[DEFAULT]\nlog_file = /tmp/own.log\n[keystone_authtoken]\nauth_section = service_auth\n"
    settings = loaded(tmp_path, f"{text}[service_auth]\nauth_type = none\n")
    assert log_path(settings.server) == Path("/tmp/own.log")


PLUGINS = {
    "v3applicationcredential": {
        "auth_url": "http://keystone/v3",
        "application_credential_id": "a",
        "application_credential_secret": "b",
    },
    "v3oidcpassword": {
        "auth_url": "http://keystone/v3",
        "discovery_endpoint": "http://oidc",
        "identity_provider": "a",
        "protocol": "b",
        "client_id": "c",
        "client_secret": "d",
        "username": "e",
        "password": "f",
    },
    "v3token": {"auth_url": "http://keystone/v3", "token": "a"},
    "admin_token": {"endpoint": "http://keystone/v3", "token": "a"},
    "http_basic": {"endpoint": "http://keystone/v3", "username": "a", "password": "b"},
    "none": {"endpoint": "http://keystone/v3"},
}


@pytest.mark.parametrize("plugin", PLUGINS)
@pytest.mark.parametrize("name", ["auth_type", "auth_plugin"])
def test_any_plugin_of_keystoneauth_can_be_used(tmp_path: Path, plugin: str, name: str) -> None:
    options = "".join(f"{name} = {value}\n" for name, value in PLUGINS[plugin].items())
    assert open_session(loaded(tmp_path, f"[keystone_authtoken]\n{name} = {plugin}\n{options}"))


def test_options_older_than_keystoneauth_are_an_error(tmp_path: Path) -> None:
    text = "[keystone_authtoken]\nidentity_uri = http://keystone:35357\nadmin_user = nova\n"
    settings = loaded(tmp_path, text)
    assert settings.image_service == "glance"
    assert len(settings.ineffective_options) == 2
    with pytest.raises(InvalidSettings, match="auth_type is not set"):
        open_gateway(settings)


def test_the_url_of_a_glance_needs_no_scheme(tmp_path: Path) -> None:
    servers = "http://[2001:db8::1]:9292, https://glance/v2/ ,192.0.2.1:9292"
    settings = loaded(tmp_path, f"[glance]\napi_servers = {servers}\n")
    assert [base_url(url) for url in settings.glance.api_servers] == [
        "http://[2001:db8::1]:9292",
        "https://glance",
        "http://192.0.2.1:9292",
    ]


@pytest.mark.parametrize("url", ["ftp://glance", "http://", "http://[::1", "http://glance:port"])
def test_an_invalid_url_of_glance_is_an_error(tmp_path: Path, url: str) -> None:
    text = f"[DEFAULT]\nmy_ip = 192.0.2.7\n{KEYSTONE}[glance]\napi_servers = {url}\n"
    with pytest.raises(InvalidSettings, match="is no URL of a Glance"):
        open_gateway(loaded(tmp_path, text))


@pytest.mark.parametrize("name", ["timeout", "first_byte_timeout", "connect_timeout"])
def test_a_timeout_of_zero_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidSettings, match=name):
        loaded(tmp_path, f"[glance]\n{name} = 0\n")
