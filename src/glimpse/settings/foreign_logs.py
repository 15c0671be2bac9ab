"""find_own_log_options: keeps Glimpse from logging to the log file of another service."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from glimpse.settings.misspelled_options import similar_name
from glimpse.settings.raw_options import RawOptions

_OPTIONS = {"log_file": ("log_file", "logfile"), "log_dir": ("log_dir", "logdir")}


class OwnLogOptions(NamedTuple):
    """The values of log_file and log_dir that count, and messages about those that do not."""

    values: Mapping[str, str]
    messages: Sequence[str]


def find_own_log_options(
    files: Sequence[tuple[str, RawOptions]],
    sections: Collection[str],
    set_elsewhere: Collection[str],
) -> OwnLogOptions:
    """Return values for the log options that files of another service set.

    Such a file has a section that is not in `sections`, as every nova.conf does. The value of an
    option, by a name such as ``DEFAULT.log_file``, is that of the last file of Glimpse itself, ""
    if none sets it. Options that no file of another service sets are left out, and so are those in
    `set_elsewhere`, which variables or arguments override.
    """
    values: dict[str, str] = {}
    messages = []
    for option in _OPTIONS.keys() - set(set_elsewhere):
        own = ""
        for file, raw in files:
            text = _value(raw, option)
            if text and _is_foreign(raw, sections):
                values[f"DEFAULT.{option}"] = ""
                messages.append(
                    f"[DEFAULT] {option} = {text} in {file} has no effect: it is the log of the "
                    "service whose file this is. Use --log-file, or a file with Glimpse's options."
                )
            elif text:
                own = text
        if f"DEFAULT.{option}" in values:
            values[f"DEFAULT.{option}"] = own
    return OwnLogOptions(values, sorted(messages))


def _value(raw: RawOptions, option: str) -> str | None:
    """Return the text of a log option in a file, also under its older name; None without one."""
    options = raw.get("DEFAULT", {})
    return next((options[name] for name in _OPTIONS[option] if name in options), None)


def _is_foreign(raw: RawOptions, sections: Collection[str]) -> bool:
    """Return True if a file has a section that is not one of `sections`, nor resembles one.

    A section of credentials, which ``auth_section`` names, does not count.
    """
    named = {options.get("auth_section") for options in raw.values()}
    return any(
        section not in sections and section not in named and not similar_name(section, sections)
        for section in raw
    )
