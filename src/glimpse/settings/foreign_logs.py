"""find_own_log_options: keeps Glimpse from logging to the log file of another service."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from glimpse.settings.misspelled_options import similar_name
from glimpse.settings.raw_options import RawOptions

_OPTIONS = {"log_file": ("log_file", "logfile"), "log_dir": ("log_dir", "logdir")}


class OwnLogOptions(NamedTuple):
    """Values that replace configured values of log_file and log_dir, and messages about them.

    ``values`` has the key ``DEFAULT.log_file`` or ``DEFAULT.log_dir`` only if the configured value
    must not be used. "" stands for no value.
    """

    values: Mapping[str, str]
    messages: Sequence[str]


def find_own_log_options(
    files: Sequence[tuple[str, RawOptions]],
    sections: Collection[str],
    set_elsewhere: Collection[str],
) -> OwnLogOptions:
    """Return the values to use for log_file and log_dir if another service's file sets them.

    `files` are pairs of a name and the texts of options; later files override earlier files. A file
    is another service's if it has a section that is not in `sections`, as every nova.conf has (see
    `_is_foreign`). All other files are Glimpse's own.

    If another service's file sets an option, its text is ignored. There is a message for the
    operator, unless that text is empty. The value is then the text in the last own file that sets
    the option; "" if no own file does. There is no value for an option that only own files set, and
    for the options in `set_elsewhere`, which environment variables or arguments set.
    """
    values: dict[str, str] = {}
    messages = []
    for option in _OPTIONS.keys() - set(set_elsewhere):
        own = ""
        for file, raw in files:
            text = _value(raw, option)
            if text is None:
                continue
            if not _is_foreign(raw, sections):
                own = text
                continue
            values[f"DEFAULT.{option}"] = ""
            if text:
                messages.append(
                    f"[DEFAULT] {option} = {text} in {file} has no effect: it is the log of the "
                    "service whose file this is. Use --log-file, or a file with Glimpse's options."
                )
        if f"DEFAULT.{option}" in values:
            values[f"DEFAULT.{option}"] = own
    return OwnLogOptions(values, sorted(messages))


def _value(raw: RawOptions, option: str) -> str | None:
    """Return the text of a log option in a file; None if the file does not set the option.

    The option may have its older name, such as ``logfile``, which counts if the file has no
    ``log_file``.
    """
    options = raw.get("DEFAULT", {})
    return next((options[name] for name in _OPTIONS[option] if name in options), None)


def _is_foreign(raw: RawOptions, sections: Collection[str]) -> bool:
    """Return True if a file has a section of another service, one that is not in `sections`.

    A section does not count if its name resembles one in `sections` and is probably misspelled. A
    section that an ``auth_section`` names does not count either, because it has credentials.
    """
    named = {options.get("auth_section") for options in raw.values()}
    return any(
        section not in sections and section not in named and not similar_name(section, sections)
        for section in raw
    )
