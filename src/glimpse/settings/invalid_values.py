"""Messages for values of options that are invalid: which value, where it is set, and why."""

import re
from collections.abc import Iterator, Mapping, Sequence

from glimpse.settings.options import SECTIONS
from glimpse.settings.raw_options import RawOptions, variable_name

# The ends of messages of oslo.config, and the plainer texts that replace them.
_REASONS = (
    (r"invalid literal for int\(\).*", "it is no integer"),
    (r"could not convert string to float.*", "it is no number"),
    (r"Unexpected boolean value.*", "it is neither true nor false"),
    (r"Valid values are \[(.*)\], but found .*", r"it has to be one of \1"),
    (r"Value '.*' doesn't match regex '(.*)'", r"it does not match the regular expression \1"),
    (r"Should be (.*)", r"it has to be \1"),
)


class InvalidValue(ValueError):
    """An option has an invalid value.

    The message names the option, the value, where the value is set, and why it is invalid.
    """


def invalid_value(
    section: str,
    option: str,
    error: Exception,
    *,
    files: Sequence[tuple[str, RawOptions]],
    environment: Mapping[str, str],
    overrides: Mapping[str, object],
) -> InvalidValue:
    """Return the exception for an invalid value; `error` is the exception of oslo.config.

    The message names the option, its value, the place where the value is set, and the reason. The
    first of these places that sets the option is named: the command line (`overrides`), the
    `environment`, the last of `files`. If none of them sets it, the place is ``by default``. A file
    may use older names of section and option; the message then has the older names.
    """
    value: object = None
    place, shown = "by default", f"[{section}] {option}"
    for file, raw in files:
        for group, name in ((section, option), *_older_names(section, option)):
            if name in raw.get(group, ()):
                value, place, shown = raw[group][name], f"in {file}", f"[{group}] {name}"
                break
    variable = variable_name(section, option)
    if variable in environment:
        value, place = environment[variable], f"in the variable {variable}"
        shown = f"[{section}] {option}"
    override = overrides.get(f"{section}.{option}")
    if override is not None:
        value, place = override, "on the command line"
        shown = f"[{section}] {option}"
    return InvalidValue(f"{shown} = {value} {place} is invalid: {_reason(error)}.")


def _older_names(section: str, option: str) -> Iterator[tuple[str, str]]:
    """Yield each older name that files may use for an option, as a pair of section and name."""
    for declared in SECTIONS[section]:
        if declared.dest == option:
            for old in declared.deprecated_opts:
                yield old.group or section, old.name or option


def _reason(error: Exception) -> str:
    """Return why a value is invalid: the reason in oslo.config's message, in plainer words.

    A reason that matches no pattern in _REASONS is returned unchanged, but on one line.
    """
    text = " ".join(str(error).split()).rpartition(" is not valid: ")[2].rstrip(".")
    for pattern, plain in _REASONS:
        if found := re.fullmatch(pattern, text):
            return found.expand(plain)
    return text
