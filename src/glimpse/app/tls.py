"""tls_options: the TLS options of a section of the configuration, checked."""

from glimpse.settings import Glance, InvalidSettings, KeystoneAuthtoken
from glimpse.upstream.tls import TlsOptions


def tls_options(section: str, options: Glance | KeystoneAuthtoken) -> TlsOptions:
    """Return the TLS options among `options`, which are the options of `section`.

    If there is a cafile or a certfile, loads the files at once. Then raises InvalidSettings, which
    names `section`, if a cafile, certfile or keyfile cannot be read, if a cafile or a certificate
    with its key cannot be parsed, or if the key is encrypted. A keyfile without a certfile is not
    used, but has to be readable; if there is no cafile either, this is not checked here.
    """
    tls = TlsOptions(options.cafile, options.certfile, options.keyfile, options.insecure)
    if tls.cafile or tls.certfile:
        try:
            tls.context  # noqa: B018  loads the files now, and keeps the context
        except OSError as error:
            files = "cafile, certfile or keyfile"
            raise InvalidSettings(f"[{section}] {files} cannot be used: {error}") from None
    return tls
