"""The texts of options in files and variables, before oslo.config parses them."""

import re
from collections.abc import Iterator, Mapping, Sequence

from oslo_config import cfg

from glimpse.settings.options import SECTIONS

# By section and option: the text in the environment variable or the last file that sets the option.
RawOptions = Mapping[str, Mapping[str, str]]

# The name of an environment variable that sets an option, as oslo.config defines it.
_VARIABLE = re.compile(r"OS_([A-Z0-9_]+?)__([A-Z0-9_]+)")
# Sections with the options of a keystoneauth plugin.
CREDENTIALS = ("keystone_authtoken", "service_user")
# ``$name``, ``${name}`` or ``$section.name``: oslo.config replaces this by the option's value.
_REFERENCE = re.compile(r"\$\{?(?:(\w+)\.)?(\w+)")


def read_files(files: Sequence[str]) -> list[tuple[str, RawOptions]]:
    """Return a pair for each file: the file's name, and the texts of the options in the file.

    The names of sections and options are not changed. If a file sets an option twice, the last text
    counts. Raises cfg.ParseError for a malformed file, UnicodeDecodeError for a file that is no
    text, and OSError for a file that cannot be read.
    """
    found = []
    for file in files:
        sections: dict[str, dict[str, list[str]]] = {}
        cfg.ConfigParser(file, sections).parse()
        found.append((file, _last_values(sections)))
    return found


def merge_raw_options(
    files: Sequence[tuple[str, RawOptions]], environment: Mapping[str, str]
) -> RawOptions:
    """Return the texts of options in `files`, and in variables such as OS_GLANCE__TIMEOUT.

    Later files override earlier files, and variables override files. The names of sections and
    options in variables become lower case, except the section DEFAULT.
    """
    found: dict[str, dict[str, str]] = {}
    for _, raw in files:
        for section, options in raw.items():
            found.setdefault(section, {}).update(options)
    for name, value in environment.items():
        if variable := _VARIABLE.fullmatch(name):
            section, option = variable.groups()
            section = section if section == "DEFAULT" else section.lower()
            found.setdefault(section, {})[option.lower()] = value
    return found


def variable_name(section: str, option: str) -> str:
    """Return the name of the variable that sets an option, such as ``OS_GLANCE__TIMEOUT``."""
    return f"OS_{section.upper()}__{option.upper()}"


def _last_values(sections: Mapping[str, Mapping[str, Sequence[str]]]) -> RawOptions:
    return {
        section: {option: values[-1] for option, values in options.items()}
        for section, options in sections.items()
    }


def check_no_nul(raw: RawOptions, overrides: Mapping[str, object]) -> None:
    """Raise ValueError if a value contains a NUL character, which no path or URL can have.

    The message names the option, and shows the value.
    """
    values: dict[str, object] = {
        f"[{section}] {option}": value
        for section, options in raw.items()
        for option, value in options.items()
    }
    for name, value in (values | dict(overrides)).items():
        if isinstance(value, str) and "\0" in value:
            raise ValueError(f"The value of {name} contains a NUL character: {value!r}")


def register_references(config: cfg.ConfigOpts, raw: RawOptions) -> None:
    """Register in `config` the options of Nova to which values in `raw` refer (``$my_ip``).

    oslo.config resolves references to registered options only. Options that are set nowhere are not
    registered, so that oslo.config raises NoSuchOptError for a value that refers to one. Options of
    sections with credentials are not registered here, because keystoneauth registers them.
    """
    named = [raw.get(section, {}).get("auth_section") for section in CREDENTIALS]
    credentials = {*CREDENTIALS, *named}
    for section, option in _references(raw):
        own = (one.dest for one in SECTIONS.get(section, ()))
        if option in raw.get(section, ()) and section not in credentials and option not in own:
            config.register_opt(cfg.StrOpt(option), None if section == "DEFAULT" else section)


def missing_reference(error: BaseException) -> str:
    """Return the name of the option that is not set, although a value refers to it.

    `error` is the NoSuchOptError that oslo.config raised for the value. Its ``__context__`` may be
    another NoSuchOptError, and so on: the last one of this chain names the missing option.
    """
    while isinstance(error.__context__, cfg.NoSuchOptError):
        error = error.__context__
    return str(getattr(error, "opt_name", ""))


def _references(raw: RawOptions) -> Iterator[tuple[str, str]]:
    """Yield the section and name of each option to which a reference in `raw` may lead.

    For ``$section.name``, yields that section and DEFAULT. For ``$name``, yields the section in
    which the reference is, and DEFAULT. The options need not exist.
    """
    for section, options in raw.items():
        for text in options.values():
            for named, option in _REFERENCE.findall(text):
                yield named or section, option
                yield "DEFAULT", option
