"""The TLS options of a DatabaseURL: their files, and what a failed login may be due to."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from glimpse.glance_database.database_url import DatabaseURL, Dialect, InvalidDatabaseURL
from glimpse.upstream.tls import refuse_passphrase


class _FileOptions(NamedTuple):
    """The names of the options of a URL whose values are paths of PEM files.

    The files have the CA certificates, the client certificate, and the client's private key.
    """

    authorities: str
    certificate: str
    key: str


_FILES: Mapping[Dialect, _FileOptions] = {
    "mysql": _FileOptions("ssl_ca", "ssl_cert", "ssl_key"),
    "postgresql": _FileOptions("sslrootcert", "sslcert", "sslkey"),
}


def load_tls_files(url: DatabaseURL) -> ssl.SSLContext:
    """Return a TLS context with the CA certificates and the client certificate of `url`.

    If `url` names no file of CA certificates, those of the system are trusted. Raises
    InvalidDatabaseURL for a file that cannot be read or used, and for an encrypted private key. The
    message names the option and the file. If the key is in a file of its own, and either file
    cannot be used, the message names both options, but only the file of the certificate. The
    certificates of the system take some 30 ms to load, so do not call this in the thread of an
    event loop.
    """
    names = _FILES[url.dialect]
    authorities, certificate, key = (url.options.get(name) for name in names)
    try:
        context = ssl.create_default_context(cafile=authorities)
    except OSError as error:
        _check_readable(url)
        raise _unusable(names.authorities, authorities, error) from None
    if certificate is not None:
        try:
            context.load_cert_chain(certificate, key, refuse_passphrase)
        except OSError as error:
            _check_readable(url)
            if key is None:
                hint = f" (if its private key is in another file, add {names.key})"
                raise _unusable(names.certificate, certificate, error, hint) from None
            which = f"{names.certificate} or {names.key}"
            raise _unusable(which, certificate, error) from None
    return context


def login_hint(url: DatabaseURL) -> str:
    """Return what to add to the message when the server ends a connection during the login.

    The text is empty if `url` has no client certificate. Otherwise the text says that the server
    may not trust this certificate.
    """
    name = _FILES[url.dialect].certificate
    return f"; maybe it does not trust the certificate of {name}" if name in url.options else ""


def _check_readable(url: DatabaseURL) -> None:
    """Raise InvalidDatabaseURL, which names the file, if a file of `url` cannot be read.

    This is needed because the errors of `ssl` do not name the file.
    """
    for name in _FILES[url.dialect]:
        file = url.options.get(name)
        if file is None:
            continue
        try:
            Path(file).open("rb").close()
        except OSError as error:
            raise _unusable(name, file, error) from None


def _unusable(name: str, file: str | None, error: OSError, hint: str = "") -> InvalidDatabaseURL:
    reason = error.strerror or error
    return InvalidDatabaseURL(f"the file {file} of its option {name} is not usable: {reason}{hint}")
