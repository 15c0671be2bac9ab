"""Finds sections and options that Glimpse does not have, and whose names resemble those it has.

All others are ignored silently: a nova.conf has hundreds of them.
"""

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence

from oslo_config import cfg

from glimpse.settings.raw_options import RawOptions
from glimpse.settings.unsupported_options import UNSUPPORTED_OPTIONS

# From 0 to 1; with this value, no option of Nova 34, keystonemiddleware or oslo resembles one of
# Glimpse, except _OTHERS. "prot" and "port" have exactly this similarity.
_SIMILARITY = 0.75
# Options of other programs, by section, whose names resemble those of Glimpse.
_OTHERS: Mapping[str, Collection[str]] = {
    "glance": ("ca_file", "cert_file", "key_file", "rbd_connect_timeout"),
    "keystone_authtoken": ("auth_url", "memcache_username", "service_name"),
}


def find_misspelled_options(
    raw: RawOptions, sections: Mapping[str, Sequence[cfg.Opt]], named: Collection[str]
) -> Iterator[str]:
    """Yield a message for the operator for each section and option that is probably misspelled.

    `raw` has the options that are set, `sections` those that exist. `named` are further names of
    sections, to which options refer.
    """
    for section, options in raw.items():
        if section in sections:
            for name in options:
                if meant := similar_option(section, name, sections[section]):
                    yield f"[{section}] {name} is unknown and has no effect: did you mean {meant}?"
        elif section not in named and (meant := similar_name(section, sections)):
            yield f"The section [{section}] is unknown and has no effect: did you mean [{meant}]?"


def similar_option(section: str, name: str, options: Sequence[cfg.Opt]) -> str | None:
    """Return the option that is probably meant by `name`; None if it exists, or resembles none."""
    names = [option.dest for option in options]
    known = {*names, *UNSUPPORTED_OPTIONS.get(section, ()), *_OTHERS.get(section, ())}
    known |= {old.name for option in options for old in option.deprecated_opts if old.name}
    return None if name in known else similar_name(name, names)


def similar_name(name: str, names: Collection[str]) -> str | None:
    """Return the one of `names` that resembles `name` most, without regard to case; or None."""
    found = difflib.get_close_matches(name.lower(), names, 1, _SIMILARITY)
    return found[0] if found else None
