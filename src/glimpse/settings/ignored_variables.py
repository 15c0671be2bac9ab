"""Finds environment variables that other OpenStack services use and Glimpse ignores."""

from collections.abc import Iterator, Mapping

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_CA_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")  # of the library ``requests``
IGNORED = (*_PROXIES, *_CA_BUNDLES)


def find_ignored_variables(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield a message for the operator for each variable that is set and that Glimpse ignores.

    These are the variables in IGNORED, such as ``HTTPS_PROXY``, if they are not empty. Variables
    for proxies may also have their names in lower case.
    """
    for name in _PROXIES:
        if environment.get(name) or environment.get(name.lower()):
            yield (
                f"The environment variable {name} has no effect: Glimpse connects to Keystone and "
                "Glance directly"
            )
    for name in _CA_BUNDLES:
        if environment.get(name):
            yield (
                f"The environment variable {name} has no effect: the variable SSL_CERT_FILE, or "
                "the option cafile of [keystone_authtoken] and [glance], names the authorities to "
                "trust"
            )
