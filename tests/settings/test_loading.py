"""Settings from configuration files, defaults and command-line overrides."""

from pathlib import Path

import pytest
from keystoneauth1 import loading
from keystoneauth1.identity.generic import Password

from glimpse.cli.sample_config import sample_config
from glimpse.settings import InvalidSettings, load_settings
from glimpse.settings.loading import default_state_dir
from glimpse.settings.options import SECTIONS
from glimpse.settings.options.process import METRICS_PORT
from glimpse.settings.unsupported_options import UNSUPPORTED_OPTIONS

NOVA_CONF = """
[DEFAULT]
transport_url = rabbit://nova:secret@messages
osapi_max_limit = 77
[api]
auth_strategy = keystone
[keystone_authtoken]
auth_type = password
auth_url = http://keystone/v3
username = nova
password = s3cret
memcache_servers = cache:11211
[glance]
api_servers = http://one:9292,http://two:9292
api_insecure = true
[libvirt]
virt_type = kvm
"""


def _written(tmp_path: Path, text: str, name: str = "glimpse.conf") -> str:
    file = tmp_path / name
    file.write_text(text)
    return str(file)


def test_without_configuration_everything_is_embedded_and_local() -> None:
    settings = load_settings()
    assert (settings.api.auth_strategy, settings.image_service) == ("embedded", "embedded")
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 8774)


def test_a_complete_nova_conf_is_accepted(tmp_path: Path) -> None:
    settings = load_settings([_written(tmp_path, NOVA_CONF)])
    assert (settings.api.auth_strategy, settings.image_service) == ("keystone", "glance")
    assert settings.api.max_limit == 77
    assert settings.glance.api_servers == ("http://one:9292", "http://two:9292")
    assert settings.glance.insecure
    assert settings.keystone_authtoken.memcached_servers == ("cache:11211",)


KEYSTONE = "[keystone_authtoken]\nauth_type = password\n"


def test_a_variable_overrides_files_and_is_overridden_by_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _written(tmp_path, "[glance]\ntimeout = 5\n[glimpse]\nport = 1111\n")
    monkeypatch.setenv("OS_GLANCE__TIMEOUT", "77")
    monkeypatch.setenv("OS_GLIMPSE__PORT", "2222")
    monkeypatch.setenv("OS_DEFAULT__DEBUG", "true")
    settings = load_settings([file], {"glimpse.port": 3333})
    assert (settings.glance.timeout, settings.server.port) == (77, 3333)
    assert settings.server.debug


def test_variables_alone_configure_a_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OS_KEYSTONE_AUTHTOKEN__AUTH_URL", "http://keystone/v3")
    monkeypatch.setenv("OS_KEYSTONE_AUTHTOKEN__AUTH_TYPE", "password")
    monkeypatch.setenv("OS_KEYSTONE_AUTHTOKEN__PASSWORD", "s3cret")
    settings = load_settings()
    assert (settings.api.auth_strategy, settings.image_service) == ("keystone", "glance")
    loading.register_auth_conf_options(settings.oslo_config, "keystone_authtoken")
    plugin = loading.load_auth_from_conf_options(settings.oslo_config, "keystone_authtoken")
    assert isinstance(plugin, Password)
    assert plugin._password == "s3cret"  # noqa: SLF001  the plugin has no accessor


@pytest.mark.parametrize(
    ("text", "port", "required"),
    [
        ("", 0, False),
        (KEYSTONE, METRICS_PORT, False),
        (f"{KEYSTONE}[metrics]\nport =\n", METRICS_PORT, False),
        (f"{KEYSTONE}[metrics]\nport = 0\n", 0, True),
        (f"{KEYSTONE}[glimpse]\nimage_service = embedded\n", 0, False),
        (f"{KEYSTONE}[glimpse]\nport = {METRICS_PORT}\n", 0, False),
        ("[metrics]\nport = 9000\n", 9000, True),
    ],
)
def test_only_gateways_have_a_metrics_port_by_default(
    tmp_path: Path,
    text: str,
    port: int,
    required: bool,  # noqa: FBT001  a row of the table
) -> None:
    metrics = load_settings([_written(tmp_path, text)]).metrics
    assert (metrics.port, metrics.is_required) == (port, required)


def test_the_metrics_port_must_differ_from_the_api_port(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="which is an API's"):
        load_settings([_written(tmp_path, "[metrics]\nport = 8774\n")])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image_port = 8774", "image_port is 8774, which is also port"),
        (
            "image_port = 1234\nidentity_port = 1234",
            "identity_port is 1234, which is also image_port",
        ),
        ("port = 0\nimage_port = 1234", "port is 0"),
        ("image_port = 0", "image_port"),
        ("identity_port = 5000\n[metrics]\nport = 5000", "port is 5000, which is an API's"),
    ],
)
def test_each_api_needs_a_port_of_its_own(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidSettings, match=message):
        load_settings([_written(tmp_path, f"[glimpse]\n{text}\n")])


@pytest.mark.parametrize(
    ("text", "dropped"),
    [
        ("", []),
        ("[api]\nauth_strategy = noauth\n", ["identity_port"]),
        (KEYSTONE, ["image_port", "identity_port"]),
    ],
)
def test_a_port_of_an_api_that_is_not_served_is_noted(
    tmp_path: Path, text: str, dropped: list[str]
) -> None:
    ports = {"image_port": 9292, "identity_port": 5000}
    overrides = {f"glimpse.{name}": port for name, port in ports.items()}
    settings = load_settings([_written(tmp_path, text)], overrides)
    for name, port in ports.items():
        assert getattr(settings.server, name) == (None if name in dropped else port)
    noted = [note.split()[1] for note in settings.ineffective_options if "[glimpse]" in note]
    assert noted == dropped


@pytest.mark.parametrize("sign", ["auth_url", "auth_type", "www_authenticate_uri"])
def test_a_configured_keystone_makes_auth_strategy_keystone(tmp_path: Path, sign: str) -> None:
    settings = load_settings([_written(tmp_path, f"[keystone_authtoken]\n{sign} = something\n")])
    assert (settings.api.auth_strategy, settings.image_service) == ("keystone", "glance")


def test_each_unsupported_option_is_noted_once(tmp_path: Path) -> None:
    text = NOVA_CONF.replace("[glance]", "[glance]\nservice_name = other\nconnect_retries = 2")
    text += "[wsgi]\nssl_cert_file =\n[service_user]\nsend_service_user_token = false\n"
    notes = load_settings([_written(tmp_path, text)]).ineffective_options
    options = [note.partition(" is set and has no effect here")[0] for note in notes]
    assert options == [
        "[glance] service_name",
        "[glance] connect_retries",
        "[keystone_authtoken] memcached_servers",
    ]
    assert load_settings().ineffective_options == ()


def test_an_origin_that_no_browser_sends_is_noted(tmp_path: Path) -> None:
    possible = "https://horizon.example.com, http://[2001:db8::1]:8080,*,null"
    impossible = [
        *("https://slash.example/", "https://path.example/horizon", "horizon.example"),
        *("https://Horizon.example", "https://user@horizon.example", "https://", "http://[/"),
        *("https://horizon.example:443", "http://horizon.example:x"),
    ]
    text = f"[cors]\nallowed_origin = {','.join([possible, *impossible])}\n"
    notes = load_settings([_written(tmp_path, text)]).ineffective_options
    assert [note.split()[3] for note in notes] == [f"'{origin}'," for origin in impossible]
    assert all("has no effect here: browsers send" in note for note in notes)


def test_unsupported_options_are_not_among_the_declared_ones() -> None:
    both = [
        f"[{section}] {option.dest}"
        for section, options in SECTIONS.items()
        for option in options
        if option.dest in UNSUPPORTED_OPTIONS.get(section, ())
    ]
    assert both == [], "remove them from settings/unsupported_options.py"


def test_an_explicit_option_wins_over_a_derived_one(tmp_path: Path) -> None:
    text = NOVA_CONF + "[glimpse]\nimage_service = embedded\n"
    assert load_settings([_written(tmp_path, text)]).image_service == "embedded"


def test_noauth2_means_noauth(tmp_path: Path) -> None:
    settings = load_settings([_written(tmp_path, "[api]\nauth_strategy = noauth2\n")])
    assert settings.api.auth_strategy == "noauth"


def test_keystoneauth_finds_the_credentials_and_the_settings_do_not_show_them(
    tmp_path: Path,
) -> None:
    settings = load_settings([_written(tmp_path, NOVA_CONF)])
    loading.register_auth_conf_options(settings.oslo_config, "keystone_authtoken")
    plugin = loading.load_auth_from_conf_options(settings.oslo_config, "keystone_authtoken")
    assert isinstance(plugin, Password)
    assert plugin.auth_url == "http://keystone/v3"
    assert "s3cret" not in repr(settings)


def test_a_later_file_wins_and_an_override_over_both(tmp_path: Path) -> None:
    first = _written(tmp_path, "[glimpse]\nport = 1\nhost = ::1\n", "first")
    second = _written(tmp_path, "[glimpse]\nport = 2\n", "second")
    assert load_settings([first, second]).server.port == 2
    settings = load_settings([first, second], {"glimpse.port": 3, "glimpse.workers": None})
    assert (settings.server.port, settings.server.host) == (3, "::1")


@pytest.mark.parametrize(
    "text",
    [
        "[glimpse]\nport = many\n",
        "[glimpse]\nport = 65536\n",
        "[glimpse]\nworkers = 0\n",
        "[api]\nauth_strategy = believe\n",
        "[api]\nmax_microversion = 3.1\n",
        "port = 1\n",
    ],
)
def test_an_invalid_value_is_one_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        load_settings([_written(tmp_path, text)])
    assert str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="nowhere"):
        load_settings([str(tmp_path / "nowhere.conf")])


def test_a_quota_of_minus_one_is_unlimited(tmp_path: Path) -> None:
    settings = load_settings([_written(tmp_path, "[quota]\nmetadata_items = -1\n")])
    assert settings.quota.metadata_items > 10**9


def test_the_default_state_directory_is_in_the_data_home() -> None:
    assert default_state_dir({"XDG_DATA_HOME": "/data"}) == Path("/data/glimpse")
    assert default_state_dir({"XDG_DATA_HOME": "relative"}) == default_state_dir({})


def test_the_uncommented_sample_configuration_equals_the_defaults(tmp_path: Path) -> None:
    lines = sample_config().splitlines()
    set_lines = [
        line.lstrip("#") if line.startswith("#") and line[1:2] != " " else line for line in lines
    ]
    kept = [line for line in set_lines if not line.endswith("= ")]
    found = load_settings([_written(tmp_path, "\n".join(kept))])
    default = load_settings()
    assert (found.glance, found.middleware, found.quota) == (
        default.glance,
        default.middleware,
        default.quota,
    )


def test_every_option_has_a_help_text() -> None:
    silent = [
        f"[{section}] {option.dest}"
        for section, options in SECTIONS.items()
        for option in options
        if not option.help
    ]
    assert silent == []


def test_a_state_directory_has_a_name_that_sqlite_can_open() -> None:
    with pytest.raises(InvalidSettings, match=r"state_dir = .* valid UTF-8"):
        load_settings(overrides={"glimpse.state_dir": "/srv/\udcff"})


def test_an_unknown_home_directory_is_an_error_that_names_what_to_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_: type[Path]) -> Path:
        raise RuntimeError

    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr(Path, "home", classmethod(fail))
    with pytest.raises(InvalidSettings, match=r"home directory .* set HOME"):
        load_settings()
