"""Redirects of other services: they are logged, and never followed."""

import logging

from glimpse.upstream.transport import Response
from glimpse.upstream.urls import strip_credentials

_LOG = logging.getLogger(__name__)
_STATUSES = frozenset((301, 302, 303, 305, 307, 308))
_MAX_LOGGED_URL_LENGTH = 500  # characters


def redirect_target(response: Response) -> str | None:
    """Return the target URL of a redirect, for a log line; None if `response` is no redirect.

    The text is printable ASCII without user, password, query and fragment. A URL is cut after 500
    characters. The text is ``nowhere`` if Location is missing or empty, and ``a URL that cannot be
    read`` if the URL may hide a password. Redirects are never followed, because requests carry
    tokens and passwords.
    """
    if response.status not in _STATUSES:
        return None
    target = (response.header(b"location") or "nowhere").partition("?")[0]
    shown = strip_credentials(target)[:_MAX_LOGGED_URL_LENGTH]
    return shown.encode("unicode_escape").decode()


def log_redirect(service: str, url: str, response: Response, settings: str) -> bool:
    """Log an error and return True if `response` is a redirect; otherwise return False.

    `service` is the name of the service that sent the response to a request for `url`, such as
    "Keystone". `settings` names the options in which the operator can correct the URL. Credentials
    in the URLs are not logged.
    """
    target = redirect_target(response)
    if target is None:
        return False
    _LOG.error(
        "%s at %s redirects to %s, which is not followed: name the right URL in %s.",
        service,
        strip_credentials(url),
        target,
        settings,
    )
    return True
