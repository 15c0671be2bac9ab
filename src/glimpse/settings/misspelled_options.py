"""Finds misspelled sections and options: unknown names that resemble known names.

An unknown name that resembles no known name is ignored silently, because a nova.conf has hundreds
of options that Glimpse does not have.
"""

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence

from oslo_config import cfg

from glimpse.settings.raw_options import CREDENTIALS, RawOptions
from glimpse.settings.unsupported_options import UNSUPPORTED_OPTIONS

# From 0 to 1. With this value, only _OTHERS of all options of Nova 34, keystonemiddleware and oslo
# resemble an option of Glimpse. "prot" and "port" have exactly this similarity.
_SIMILARITY = 0.75
# Options of other programs, by section, whose names resemble those of Glimpse.
_OTHERS: Mapping[str, Collection[str]] = {
    "glance": ("ca_file", "cert_file", "key_file", "rbd_connect_timeout"),
    "keystone_authtoken": ("memcache_username", "service_name"),
}
# What follows if the section is missing, because only a misspelled one is there.
_WITHOUT_SECTION: Mapping[str, str] = {
    "keystone_authtoken": ", so that Keystone validates no tokens",
}
# Options of keystoneauth's plugins that say where and as whom Glimpse logs in.
_CREDENTIALS = (
    *("auth_section", "auth_type", "auth_url", "system_scope"),
    *("username", "user_id", "user_domain_id", "user_domain_name", "password"),
    *("project_id", "project_name", "project_domain_id", "project_domain_name"),
    *("application_credential_id", "application_credential_name", "application_credential_secret"),
)
# Options of keystoneauth and keystonemiddleware whose names resemble one of _CREDENTIALS.
_OTHER_CREDENTIALS = ("auth_version", "domain_id", "domain_name", "passcode", "user_name")


def find_misspelled_options(
    raw: RawOptions, sections: Mapping[str, Sequence[cfg.Opt]], named: Collection[str]
) -> Iterator[str]:
    """Yield a message for the operator for each section and option with a misspelled name.

    A name counts as misspelled if it is unknown and resembles a known name. `raw` has the options
    that are set, and `sections` the options that Glimpse has. `named` are the sections with
    credentials that an option ``auth_section`` names.
    """
    for section, options in raw.items():
        if section in sections or section in named:
            known = sections.get(section, ())
            more = _CREDENTIALS if section in named or section in CREDENTIALS else ()
            for name in options:
                if meant := similar_option(section, name, known, more):
                    yield f"[{section}] {name} is unknown and has no effect: did you mean {meant}?"
        elif meant := similar_name(section, sections):
            effect = _WITHOUT_SECTION.get(meant, "") if meant not in raw else ""
            yield (
                f"The section [{section}] is unknown and has no effect{effect}: did you mean "
                f"[{meant}]?"
            )


def similar_option(
    section: str, name: str, options: Sequence[cfg.Opt], credentials: Sequence[str] = ()
) -> str | None:
    """Return the name of the option that is probably meant by `name`, or None.

    Returns None if `name` is known, or if `name` resembles no option. `options` are the options of
    `section`. `credentials` are the names of the options for credentials that `section` may have,
    too. Older names of these options, and options of other programs, are also known.
    """
    names = [*(option.dest for option in options), *credentials]
    if credentials and name in _OTHER_CREDENTIALS:
        return None
    known = {*names, *UNSUPPORTED_OPTIONS.get(section, ()), *_OTHERS.get(section, ())}
    known |= {old.name for option in options for old in option.deprecated_opts if old.name}
    return None if name in known else similar_name(name, names)


def similar_name(name: str, names: Collection[str]) -> str | None:
    """Return the name among `names` that is most similar to `name`, or None.

    `name` is compared in lower case. Returns None if no name is similar enough (_SIMILARITY).
    """
    found = difflib.get_close_matches(name.lower(), names, 1, _SIMILARITY)
    return found[0] if found else None
