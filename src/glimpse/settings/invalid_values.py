"""Messages for values of options that are invalid: which value, where it is set, and why."""

import re
from collections.abc import Mapping, Sequence

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

    The message names the value that takes effect, and where it is set: on the command line
    (`overrides`), else in the `environment`, else in the last of `files` that sets the option.
    """
    value: object = None
    place = "by default"
    for file, raw in files:
        if option in raw.get(section, ()):
            value, place = raw[section][option], f"in {file}"
    variable = variable_name(section, option)
    if variable in environment:
        value, place = environment[variable], f"in the variable {variable}"
    override = overrides.get(f"{section}.{option}")
    if override is not None:
        value, place = override, "on the command line"
    return InvalidValue(f"[{section}] {option} = {value} {place} is invalid: {_reason(error)}.")


def _reason(error: Exception) -> str:
    """Return why a value is invalid: the reason in oslo.config's message, in plainer words.

    A reason that is not in _REASONS is returned unchanged.
    """
    text = " ".join(str(error).split()).rpartition(" is not valid: ")[2].rstrip(".")
    for pattern, plain in _REASONS:
        if found := re.fullmatch(pattern, text):
            return found.expand(plain)
    return text
