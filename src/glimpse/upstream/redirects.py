"""Log the redirects of other services, which Glimpse does not follow."""

import logging

from glimpse.upstream.urls import strip_credentials

_LOG = logging.getLogger(__name__)


def log_redirect(service: str, url: str, target: str, settings: str) -> None:
    """Log an error: the response of `service` to a request for `url` is a redirect to `target`.

    `service` is a name, such as "Keystone". `settings` names the options in which the operator can
    correct the URL. Credentials in `url` are not logged. `target` is logged unchanged: pass the
    text of `Response.redirect`, which has no credentials.
    """
    _LOG.error(
        "%s at %s redirects to %s, which is not followed: name the right URL in %s.",
        service,
        strip_credentials(url),
        target,
        settings,
    )
