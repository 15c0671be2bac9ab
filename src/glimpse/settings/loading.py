"""Reading configuration files into Settings."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from oslo_config import cfg

from glimpse.settings.options import SECTIONS
from glimpse.settings.unsupported import unsupported
from glimpse.settings.values import (
    Api,
    Coordination,
    Embedded,
    Glance,
    Healthcheck,
    KeystoneAuthtoken,
    Metrics,
    Middleware,
    Policy,
    Quota,
    Server,
    Settings,
)

_NOTHING: Mapping[str, object] = MappingProxyType({})
# Any of them says that the operator means Keystone; keystoneauth registers its own on the section.
_SIGNS_OF_KEYSTONE = ("auth_url", "auth_type", "auth_plugin", "www_authenticate_uri", "auth_uri")
_ANY_NUMBER = 2**31


class SettingsError(Exception):
    """A configuration that cannot be used; the message is one line that says why."""


def load_settings(
    config_files: Sequence[str | Path] = (), overrides: Mapping[str, object] = _NOTHING
) -> Settings:
    """Read the files, later ones winning; `overrides` win over all.

    An override is named ``section.option``, or ``option`` alone in [glimpse]; None is none.

    A whole nova.conf will do: sections and options that are not Glimpse's are ignored; those that
    concern it and are not supported are told in `Settings.notes`. Raises SettingsError.
    """
    files = [str(file) for file in config_files]
    try:
        parsed = _parse(files)
        for section, options in SECTIONS.items():
            parsed.register_opts(options, group=None if section == "DEFAULT" else section)
        for name, value in overrides.items():
            section, _, option = name.rpartition(".")
            if value is not None:
                parsed.set_override(option, value, group=section or "glimpse")
        return _settings(
            parsed,
            keystone=_names_keystone(files),
            notes=tuple(unsupported(_reader(files))),
        )
    except (cfg.Error, ValueError, OSError) as error:
        raise SettingsError(" ".join(str(error).split())) from error


def default_state_dir(environment: Mapping[str, str]) -> Path:
    """The embedded services' directory when none is configured (XDG Base Directory)."""
    data_home = environment.get("XDG_DATA_HOME", "")
    base = Path(data_home) if data_home.startswith("/") else Path.home() / ".local" / "share"
    return base / "glimpse"


def _parse(files: Sequence[str]) -> cfg.ConfigOpts:
    parsed = cfg.ConfigOpts()
    parsed(args=[], project="glimpse", default_config_files=list(files), default_config_dirs=[])
    return parsed


def _names_keystone(files: Sequence[str]) -> bool:
    """Tell whether [keystone_authtoken] is configured."""
    probe = _parse(files)
    probe.register_opts([cfg.StrOpt(name) for name in _SIGNS_OF_KEYSTONE], "keystone_authtoken")
    return any(probe.keystone_authtoken[name] for name in _SIGNS_OF_KEYSTONE)


def _reader(files: Sequence[str]) -> Callable[[str, str], str | None]:
    """What reads any section's option as the text that it is in the files."""
    probe = _parse(files)

    def read(section: str, option: str) -> str | None:
        group = None if section == "DEFAULT" else section
        probe.register_opt(cfg.StrOpt(option), group)
        value: str | None = (probe[section] if group else probe)[option]
        return value

    return read


def _settings(parsed: cfg.ConfigOpts, *, keystone: bool, notes: tuple[str, ...]) -> Settings:
    logging = _section(parsed, "DEFAULT")
    server = _section(parsed, "glimpse")
    image_service = server.pop("image_service")
    state_dir = server.pop("state_dir")
    api = _section(parsed, "api")
    strategy = api["auth_strategy"] or ("keystone" if keystone else "embedded")
    quota = _section(parsed, "quota")
    if quota["metadata_items"] < 0:
        quota["metadata_items"] = _ANY_NUMBER
    api["auth_strategy"] = "noauth" if strategy == "noauth2" else strategy
    return Settings(
        server=Server(
            state_dir=Path(state_dir).expanduser() if state_dir else default_state_dir(os.environ),
            **server,
            **logging,
        ),
        api=Api(**api),
        quota=Quota(**quota),
        policy=Policy(**_section(parsed, "oslo_policy")),
        middleware=Middleware(**_section(parsed, "oslo_middleware")),
        healthcheck=Healthcheck(**_section(parsed, "healthcheck")),
        metrics=Metrics(**_section(parsed, "metrics")),
        embedded=Embedded(**_section(parsed, "embedded")),
        glance=Glance(**_section(parsed, "glance")),
        keystone_authtoken=KeystoneAuthtoken(**_section(parsed, "keystone_authtoken")),
        coordination=Coordination(**_section(parsed, "coordination")),
        image_service=image_service or ("glance" if strategy == "keystone" else "embedded"),
        notes=notes,
        parsed=parsed,
    )


def _section(parsed: cfg.ConfigOpts, section: str) -> dict[str, Any]:
    """Read the section's options; lists become tuples."""
    where = parsed if section == "DEFAULT" else parsed[section]
    values = {option.dest: where[option.dest] for option in SECTIONS[section]}
    return {
        key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
    }
