"""load_settings: reads files, environment variables and arguments into Settings."""

import os
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from oslo_config import cfg

from glimpse.settings.api_ports import drop_unused_ports, used_ports
from glimpse.settings.foreign_logs import find_own_log_options
from glimpse.settings.ignored_variables import find_ignored_variables
from glimpse.settings.invalid_values import InvalidValue, invalid_value
from glimpse.settings.misspelled_options import find_misspelled_options
from glimpse.settings.options import SECTIONS
from glimpse.settings.options.api import UNLIMITED, Api, Embedded, Middleware, Policy, Quota
from glimpse.settings.options.cors import Cors
from glimpse.settings.options.glance_database import GlanceDatabase
from glimpse.settings.options.image_format import ImageFormat
from glimpse.settings.options.imports import Import
from glimpse.settings.options.process import (
    METRICS_PORT,
    Healthcheck,
    ImageServiceName,
    Metrics,
    Server,
)
from glimpse.settings.options.services import Coordination, Glance, KeystoneAuthtoken, ServiceUser
from glimpse.settings.raw_options import (
    CREDENTIALS,
    RawOptions,
    check_no_nul,
    merge_raw_options,
    missing_reference,
    read_files,
    register_references,
    variable_name,
)
from glimpse.settings.unsupported_options import find_unsupported_options, has_auth_plugin
from glimpse.settings.values import Settings

_NO_OVERRIDES: Mapping[str, object] = MappingProxyType({})
# The operator has a Keystone if one of these options is set in [keystone_authtoken]. Only the raw
# texts show this, because most of these are options of keystoneauth's plugins, not declared here.
_KEYSTONE_OPTIONS = (
    *("auth_url", "auth_type", "auth_plugin", "auth_section", "www_authenticate_uri", "auth_uri"),
    *("identity_uri", "auth_host", "admin_token", "admin_user"),
)

LoadSettings = Callable[[], Settings]  # reads the configuration anew; raises if it is invalid
_Values = Mapping[str, dict[str, Any]]  # by section and option
# Makes the error for a section, an option and the exception of oslo.config.
_MakeInvalidValue = Callable[[str, str, Exception], InvalidValue]


class InvalidSettings(Exception):
    """A configuration that cannot be used; the message is one line that says why."""


def load_settings(
    config_files: Sequence[str | Path] = (), overrides: Mapping[str, object] = _NO_OVERRIDES
) -> Settings:
    """Read the settings from `config_files`, environment variables and `overrides`.

    Later files override earlier files. Environment variables such as ``OS_API__AUTH_STRATEGY``
    override files, and `overrides` override both. A key of `overrides` is ``section.option``;
    values of None are ignored. An option that is set nowhere has its default. No other files are
    read.

    A file may be a complete nova.conf: sections and options that Glimpse does not have are ignored.
    `Settings.ineffective_options` has messages about ignored options that concern Glimpse. Raises
    InvalidSettings for an unusable file, an invalid value, options that exclude each other, and an
    unknown home directory for state_dir. Does not check if addresses, paths and URLs can be used.
    """
    files = [str(file) for file in config_files]
    try:
        config = cfg.ConfigOpts()
        config(args=[], project="glimpse", default_config_files=files, default_config_dirs=[])
        for section, options in SECTIONS.items():
            config.register_opts(options, group=None if section == "DEFAULT" else section)
        read = read_files(files)
        raw = merge_raw_options(read, os.environ)
        check_no_nul(raw, overrides)
        register_references(config, raw)
        invalid = partial(invalid_value, files=read, environment=os.environ, overrides=overrides)
        own_log = find_own_log_options(read, SECTIONS, _set_elsewhere(os.environ, overrides))
        _override(config, own_log.values, invalid)
        _override(config, overrides, invalid)
        values = {section: _values(config, section, invalid) for section in SECTIONS}
        config_dirs = [Path(file).parent for file in reversed(files)]
        settings = _make_settings(config, values, raw, config_dirs)
        return settings.with_ineffective_options(own_log.messages)
    except cfg.NoSuchOptError as error:
        missing = missing_reference(error)
        raise InvalidSettings(f"A value refers to ${missing}, which is not set.") from error
    except RecursionError:
        raise InvalidSettings("A value refers to itself, or to one that refers to it.") from None
    except (cfg.Error, ValueError, OSError) as error:
        raise InvalidSettings(" ".join(str(error).split())) from error


def default_state_dir(environment: Mapping[str, str]) -> Path:
    """Return the state directory to use if none is configured. Does not create the directory.

    The result is ``$XDG_DATA_HOME/glimpse``, or ``~/.local/share/glimpse`` if XDG_DATA_HOME is not
    set in `environment` or is a relative path (XDG Base Directory Specification). Raises
    RuntimeError if the home directory is needed and unknown.
    """
    data_home = environment.get("XDG_DATA_HOME", "")
    base = Path(data_home) if data_home.startswith("/") else Path.home() / ".local" / "share"
    return base / "glimpse"


def _override(
    config: cfg.ConfigOpts, values: Mapping[str, object], invalid: _MakeInvalidValue
) -> None:
    """Set options of `config` to `values`, whose keys are names such as ``glimpse.port``.

    Values of None are ignored. If a value is invalid, raises the error that `invalid` returns.
    """
    for name, value in values.items():
        section, _, option = name.partition(".")
        if value is None:
            continue
        try:
            config.set_override(option, value, None if section == "DEFAULT" else section)
        except ValueError as error:
            raise invalid(section, option, error) from error


def _set_elsewhere(environment: Mapping[str, str], overrides: Mapping[str, object]) -> set[str]:
    """Return the names of the options in [DEFAULT] that `environment` or `overrides` set."""
    return {
        option.dest
        for option in SECTIONS["DEFAULT"]
        if variable_name("DEFAULT", option.dest) in environment
        or overrides.get(f"DEFAULT.{option.dest}") is not None
    }


def _make_settings(
    config: cfg.ConfigOpts, options: _Values, raw: RawOptions, config_dirs: Sequence[Path]
) -> Settings:
    """Make the Settings from `options`, the parsed values, and `raw`, the texts of options.

    Keystone's options in `raw` make ``keystone`` the default auth_strategy. `config_dirs` may have
    policy files. Raises ValueError if options exclude each other, InvalidSettings for state_dir.
    """
    api = options["api"]
    has_keystone = any(raw.get("keystone_authtoken", {}).get(name) for name in _KEYSTONE_OPTIONS)
    strategy = api["auth_strategy"] or ("keystone" if has_keystone else "embedded")
    default_service: ImageServiceName = "glance" if strategy == "keystone" else "embedded"
    own = options["glimpse"] | options["DEFAULT"]
    image_service: ImageServiceName = own.pop("image_service") or default_service
    server, unused_ports = drop_unused_ports(own, image_service, strategy)
    ineffective = [
        *unused_ports,
        *_find_ineffective(raw, is_gateway="glance" in (default_service, image_service)),
    ]
    return Settings(
        server=_server(server),
        api=Api(**{**api, "auth_strategy": "noauth" if strategy == "noauth2" else strategy}),
        quota=_quota(options["quota"]),
        policy=_policy(options["oslo_policy"], config_dirs),
        middleware=Middleware(**options["oslo_middleware"]),
        cors=Cors(**options["cors"]),
        healthcheck=Healthcheck(**options["healthcheck"]),
        metrics=_metrics(options["metrics"], image_service, used_ports(server)),
        embedded=Embedded(**options["embedded"]),
        image_format=ImageFormat(**options["image_format"]),
        imports=Import(**options["import"]),
        glance=Glance(**options["glance"]),
        glance_database=GlanceDatabase(**options["glance_database"]),
        keystone_authtoken=KeystoneAuthtoken(**options["keystone_authtoken"]),
        service_user=_service_user(options["service_user"], raw),
        coordination=Coordination(**options["coordination"]),
        image_service=image_service,
        ineffective_options=tuple(ineffective),
        oslo_config=config,
    )


def _server(options: Mapping[str, Any]) -> Server:
    """Make the Server, with the default state directory if none is configured.

    Raises InvalidSettings if the path of the state directory is not UTF-8, which SQLite needs, or
    if the path begins in a home directory that is unknown.
    """
    configured = options["state_dir"]
    try:
        state_dir = Path(configured).expanduser() if configured else default_state_dir(os.environ)
        str(state_dir).encode()
    except RuntimeError:
        raise InvalidSettings(
            "The home directory of this user is unknown: set HOME, or name the state directory."
        ) from None
    except UnicodeEncodeError:
        raise InvalidSettings(
            f"[glimpse] state_dir = {configured} is invalid: its bytes have to be valid UTF-8."
        ) from None
    return Server(**{**options, "state_dir": state_dir})


def _find_ineffective(raw: RawOptions, *, is_gateway: bool) -> Iterator[str]:
    """Yield messages for the operator about options that are set and have no effect.

    There is no message for an unknown option that resembles no option of Glimpse. With
    `is_gateway`, environment variables that have no effect are reported, too.
    """
    named = [raw.get(section, {}).get("auth_section", "") for section in CREDENTIALS]
    yield from find_misspelled_options(raw, SECTIONS, named)
    yield from find_unsupported_options(lambda section, option: raw.get(section, {}).get(option))
    if is_gateway:
        yield from find_ignored_variables(os.environ)


def _values(config: cfg.ConfigOpts, section: str, invalid: _MakeInvalidValue) -> dict[str, Any]:
    """Return the values of the options of a section, by name.

    Lists become tuples. A number that a file leaves empty, as in ``timeout =``, becomes the
    default. If a value is invalid, raises the error that `invalid` returns. If a value refers to an
    option that is not set, raises cfg.NoSuchOptError. If values refer to each other, raises
    RecursionError.
    """
    group = config if section == "DEFAULT" else config[section]
    values = {}
    for option in SECTIONS[section]:
        try:
            value = group[option.dest]
        except (cfg.ConfigFileValueError, ValueError) as error:
            raise invalid(section, option.dest, error) from error
        if value is None:
            value = option.default
        values[option.dest] = tuple(value) if isinstance(value, list) else value
    return values


def _quota(options: Mapping[str, Any]) -> Quota:
    """Return the options of [quota], with UNLIMITED in place of a negative number."""
    items = options["metadata_items"]
    return Quota(metadata_items=UNLIMITED if items < 0 else items)


def _metrics(
    options: Mapping[str, Any], image_service: ImageServiceName, api_ports: Container[int]
) -> Metrics:
    """Return where metrics are served; a port of 0 means that there are no metrics.

    Without a configured port, the port is METRICS_PORT if `image_service` is ``glance`` and no API
    has METRICS_PORT, otherwise 0. ``is_required`` is True if the port is configured. Raises
    ValueError if the configured port is one of `api_ports`.
    """
    host, port = options["host"], options["port"]
    if port is not None:
        if port and port in api_ports:
            raise ValueError(f"[metrics] port is {port}, which is an API's: it needs its own.")
        return Metrics(host, port, is_required=True)
    has_default = image_service == "glance" and METRICS_PORT not in api_ports
    return Metrics(host, METRICS_PORT if has_default else 0, is_required=False)


_DEFAULT_POLICY_FILES = ("policy.yaml", "policy.json")


def _policy(options: Mapping[str, Any], config_dirs: Sequence[Path]) -> Policy:
    """Return the paths of the policy file and directories, found as oslo.policy finds them.

    - A configured name is looked for in each of `config_dirs`, and kept unchanged if none of these
      directories has it.
    - Without a configured file, ``policy.yaml`` in `config_dirs` is used, else ``policy.json``,
      else no file.
    - If the configured file is ``policy.yaml`` or ``policy.json`` and does not exist, it counts as
      not configured, because many files set oslo.policy's default.
    - Without configured directories, ``policy.d`` in `config_dirs` is used if it exists.
    """

    def find(name: str) -> Path | None:
        return next((place / name for place in config_dirs if (place / name).exists()), None)

    named = options["policy_file"]
    if named in _DEFAULT_POLICY_FILES and not find(named) and not Path(named).exists():
        named = None
    file = find(named) or named if named else find("policy.yaml") or find("policy.json")
    directories = [find(name) or name for name in options["policy_dirs"]] or [find("policy.d")]
    return Policy(
        policy_file=str(file) if file else None,
        policy_dirs=tuple(str(directory) for directory in directories if directory),
    )


def _service_user(options: Mapping[str, Any], raw: RawOptions) -> ServiceUser:
    """Make the ServiceUser from the options of [service_user].

    ``send_service_user_token`` is False if the section names no plugin to log in with, even if the
    option is true.
    """
    has_credentials = has_auth_plugin(raw.get("service_user", {}))
    return ServiceUser(options["send_service_user_token"] and has_credentials)
