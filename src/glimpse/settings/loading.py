"""Reading configuration files into Settings."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from oslo_config import cfg

from glimpse.settings.options import SECTIONS
from glimpse.settings.options.process import METRICS_PORT
from glimpse.settings.unsupported import names_credentials, unsupported
from glimpse.settings.values import (
    Api,
    Coordination,
    Embedded,
    Glance,
    Healthcheck,
    ImageServiceName,
    KeystoneAuthtoken,
    Metrics,
    Middleware,
    Policy,
    Quota,
    Server,
    ServiceUser,
    Settings,
)

_NOTHING: Mapping[str, object] = MappingProxyType({})
_AUTH = "keystone_authtoken"
_CREDENTIALS = (_AUTH, "service_user")
# Any of them says that the operator means Keystone; keystoneauth registers its own on the section.
_SIGNS_OF_KEYSTONE = (
    *("auth_url", "auth_type", "auth_plugin", "auth_section", "www_authenticate_uri", "auth_uri"),
    *("identity_uri", "auth_host", "admin_token", "admin_user"),
)
_ANY_NUMBER = 2**31
# ``$name``, ``${name}``, ``$section.name``: what oslo.config puts another option's value for.
_REFERENCE = re.compile(r"\$\{?(?:(\w+)\.)?(\w+)")

# What the files say, as it is there: the last value of each section's option.
_Raw = Mapping[str, Mapping[str, str]]


class InvalidSettings(Exception):
    """A configuration that cannot be used; the message is one line that says why."""


def load_settings(
    config_files: Sequence[str | Path] = (), overrides: Mapping[str, object] = _NOTHING
) -> Settings:
    """Read the files, later ones winning; `overrides` win over all.

    An override is named ``section.option``, or ``option`` alone in [glimpse]; None is none.

    A whole nova.conf will do: sections and options that are not Glimpse's are ignored; those that
    concern it and are not supported are told in `Settings.notes`. Raises InvalidSettings.
    """
    files = [str(file) for file in config_files]
    try:
        parsed = cfg.ConfigOpts()
        parsed(args=[], project="glimpse", default_config_files=files, default_config_dirs=[])
        for section, options in SECTIONS.items():
            parsed.register_opts(options, group=None if section == "DEFAULT" else section)
        raw = _raw(files)
        _refuse_nul(raw, overrides)
        _register_references(parsed, raw)
        for name, value in overrides.items():
            section, _, option = name.rpartition(".")
            if value is not None:
                parsed.set_override(option, value, group=section or "glimpse")
        return _settings(parsed, raw, [Path(file).parent for file in reversed(files)])
    except cfg.NoSuchOptError as error:
        raise InvalidSettings(f"A value refers to ${_missing(error)}, which is not set.") from error
    except (cfg.Error, ValueError, OSError) as error:
        raise InvalidSettings(" ".join(str(error).split())) from error


def default_state_dir(environment: Mapping[str, str]) -> Path:
    """The embedded services' directory when none is configured (XDG Base Directory)."""
    data_home = environment.get("XDG_DATA_HOME", "")
    base = Path(data_home) if data_home.startswith("/") else Path.home() / ".local" / "share"
    return base / "glimpse"


def _raw(files: Sequence[str]) -> _Raw:
    """Read the files, which oslo.config has found to be well-formed, as they are."""
    found: dict[str, dict[str, list[str]]] = {}
    for file in files:
        cfg.ConfigParser(file, found).parse()
    return {
        section: {option: values[-1] for option, values in options.items()}
        for section, options in found.items()
    }


def _refuse_nul(raw: _Raw, overrides: Mapping[str, object]) -> None:
    """Raise InvalidSettings for a NUL character in a value: no path, host or URL can have one."""
    values: dict[str, object] = {
        f"[{section}] {option}": value
        for section, options in raw.items()
        for option, value in options.items()
    }
    for name, value in (values | dict(overrides)).items():
        if isinstance(value, str) and "\0" in value:
            raise InvalidSettings(f"The value of {name} contains a NUL character: {value!r}")


def _register_references(parsed: cfg.ConfigOpts, raw: _Raw) -> None:
    """Make known what values refer to: ``$my_ip`` is an option of nova's, not of Glimpse's.

    Not in a section of credentials, where keystoneauth registers what it needs.
    """
    named = [raw.get(section, {}).get("auth_section") for section in _CREDENTIALS]
    credentials = {*_CREDENTIALS, *named}
    for section, option in _references(raw):
        known = (one.dest for one in SECTIONS.get(section, ()))
        if option in raw.get(section, ()) and section not in credentials and option not in known:
            parsed.register_opt(cfg.StrOpt(option), None if section == "DEFAULT" else section)


def _missing(error: BaseException) -> str:
    """The option that a value refers to: oslo.config says first which one it was reading."""
    while isinstance(error.__context__, cfg.NoSuchOptError):
        error = error.__context__
    return str(getattr(error, "opt_name", ""))


def _references(raw: _Raw) -> Iterator[tuple[str, str]]:
    """Section and option of each reference; a bare name is one of its own section or of DEFAULT."""
    for section, options in raw.items():
        for text in options.values():
            for named, option in _REFERENCE.findall(text):
                yield named or section, option
                yield "DEFAULT", option


def _settings(parsed: cfg.ConfigOpts, raw: _Raw, beside: Sequence[Path]) -> Settings:
    logging = _section(parsed, "DEFAULT")
    server = _section(parsed, "glimpse")
    state_dir = server.pop("state_dir")
    api = _section(parsed, "api")
    keystone = any(raw.get(_AUTH, {}).get(name) for name in _SIGNS_OF_KEYSTONE)
    strategy = api["auth_strategy"] or ("keystone" if keystone else "embedded")
    quota = _section(parsed, "quota")
    if quota["metadata_items"] < 0:
        quota["metadata_items"] = _ANY_NUMBER
    api["auth_strategy"] = "noauth" if strategy == "noauth2" else strategy
    usual: ImageServiceName = "glance" if strategy == "keystone" else "embedded"
    image_service = server.pop("image_service") or usual
    return Settings(
        server=Server(
            state_dir=Path(state_dir).expanduser() if state_dir else default_state_dir(os.environ),
            **server,
            **logging,
        ),
        api=Api(**api),
        quota=Quota(**quota),
        policy=_policy(_section(parsed, "oslo_policy"), beside),
        middleware=Middleware(**_section(parsed, "oslo_middleware")),
        healthcheck=Healthcheck(**_section(parsed, "healthcheck")),
        metrics=_metrics(_section(parsed, "metrics"), image_service, server["port"]),
        embedded=Embedded(**_section(parsed, "embedded")),
        glance=Glance(**_section(parsed, "glance")),
        keystone_authtoken=KeystoneAuthtoken(**_section(parsed, "keystone_authtoken")),
        service_user=ServiceUser(
            send_service_user_token=parsed.service_user.send_service_user_token
            and names_credentials(raw.get("service_user", {}))
        ),
        coordination=Coordination(**_section(parsed, "coordination")),
        image_service=image_service,
        notes=tuple(unsupported(lambda section, option: raw.get(section, {}).get(option))),
        parsed=parsed,
    )


def _metrics(options: Mapping[str, Any], image_service: ImageServiceName, api_port: int) -> Metrics:
    """Where scrapes are answered: gateways are operated, and have a place without being told."""
    host, port = options["host"], options["port"]
    if port is not None:
        if port and port == api_port:
            raise ValueError(f"[metrics] port is {port}, which is the API's: it needs its own.")
        return Metrics(host, port, required=True)
    wanted = image_service == "glance" and api_port != METRICS_PORT
    return Metrics(host, METRICS_PORT if wanted else 0, required=False)


def _policy(options: Mapping[str, Any], beside: Sequence[Path]) -> Policy:
    """Where oslo.policy would look: beside the configuration files, where Compute's own may be."""

    def found(name: str) -> Path | None:
        return next((place / name for place in beside if (place / name).exists()), None)

    named = options["policy_file"]
    file = found(named) or named if named else found("policy.yaml") or found("policy.json")
    directories = [found(name) or name for name in options["policy_dirs"]] or [found("policy.d")]
    return Policy(
        policy_file=str(file) if file else None,
        policy_dirs=tuple(str(directory) for directory in directories if directory),
    )


def _section(parsed: cfg.ConfigOpts, section: str) -> dict[str, Any]:
    """Read the section's options; lists become tuples, a number left empty is the default."""
    where = parsed if section == "DEFAULT" else parsed[section]
    values = {}
    for option in SECTIONS[section]:
        value = where[option.dest]
        if value is None:
            value = option.default
        values[option.dest] = tuple(value) if isinstance(value, list) else value
    return values
