"""TLS options of a section of the configuration."""

from glimpse.settings import Glance, InvalidSettings, KeystoneAuthtoken
from glimpse.upstream.tls import TlsOptions


def tls_options(section: str, options: Glance | KeystoneAuthtoken) -> TlsOptions:
    """Return the TLS options among the `options` of `section`.

    Raises InvalidSettings, with the name of `section`, for a file that cannot be read or parsed. A
    keyfile alone is not checked.
    """
    tls = TlsOptions(options.cafile, options.certfile, options.keyfile, options.insecure)
    if tls.cafile or tls.certfile:
        try:
            tls.context  # noqa: B018  loads the files now, and keeps the context
        except OSError as error:
            files = "cafile, certfile or keyfile"
            raise InvalidSettings(f"[{section}] {files} cannot be used: {error}") from None
    return tls
