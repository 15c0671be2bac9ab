"""The text of options in configuration files, which oslo.config does not give access to."""

import re
from collections.abc import Iterator, Mapping, Sequence

from oslo_config import cfg

from glimpse.settings.options import SECTIONS

# The last value of each section's options.
RawOptions = Mapping[str, Mapping[str, str]]

_CREDENTIALS = ("keystone_authtoken", "service_user")
# ``$name``, ``${name}``, ``$section.name``: oslo.config replaces it by another option's value.
_REFERENCE = re.compile(r"\$\{?(?:(\w+)\.)?(\w+)")


def read_raw_options(files: Sequence[str]) -> RawOptions:
    """Read files that oslo.config has found to be well-formed."""
    found: dict[str, dict[str, list[str]]] = {}
    for file in files:
        cfg.ConfigParser(file, found).parse()
    return {
        section: {option: values[-1] for option, values in options.items()}
        for section, options in found.items()
    }


def refuse_nul(raw: RawOptions, overrides: Mapping[str, object]) -> None:
    """Raise ValueError for a NUL character in a value: no path, host or URL can have one."""
    values: dict[str, object] = {
        f"[{section}] {option}": value
        for section, options in raw.items()
        for option, value in options.items()
    }
    for name, value in (values | dict(overrides)).items():
        if isinstance(value, str) and "\0" in value:
            raise ValueError(f"The value of {name} contains a NUL character: {value!r}")


def register_references(config: cfg.ConfigOpts, raw: RawOptions) -> None:
    """Register options of Nova that values refer to, such as ``$my_ip``.

    Skips the sections of credentials, in which keystoneauth registers options.
    """
    named = [raw.get(section, {}).get("auth_section") for section in _CREDENTIALS]
    credentials = {*_CREDENTIALS, *named}
    for section, option in _references(raw):
        own = (one.dest for one in SECTIONS.get(section, ()))
        if option in raw.get(section, ()) and section not in credentials and option not in own:
            config.register_opt(cfg.StrOpt(option), None if section == "DEFAULT" else section)


def missing_reference(error: BaseException) -> str:
    """Return the option that a value refers to and that is not set.

    The error names the option that was read; the first error in its context names the missing one.
    """
    while isinstance(error.__context__, cfg.NoSuchOptError):
        error = error.__context__
    return str(getattr(error, "opt_name", ""))


def _references(raw: RawOptions) -> Iterator[tuple[str, str]]:
    """Yield section and option of each reference; without a section, its own and DEFAULT."""
    for section, options in raw.items():
        for text in options.values():
            for named, option in _REFERENCE.findall(text):
                yield named or section, option
                yield "DEFAULT", option
