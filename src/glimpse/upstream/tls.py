"""TlsOptions: the trusted certificate authorities and the client certificate."""

import ssl
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class TlsOptions:
    """TLS options for calls to one service, named as in nova.conf. All files are PEM files.

    If `cafile` is None, the certificate authorities of the system are trusted; otherwise only the
    certificate authorities in the file. `certfile` is the client certificate. `keyfile` is its key,
    if the key is in a separate file. With `insecure`, any server certificate is accepted.
    """

    cafile: str | None
    certfile: str | None
    keyfile: str | None
    insecure: bool

    @cached_property
    def context(self) -> ssl.SSLContext:
        """The SSL context with these options. The first access makes it, and reads the files.

        Raises OSError if a file cannot be read or parsed, or if the key is encrypted. The error
        names a missing file. After an error, the next access tries again.
        """
        for file in filter(None, (self.cafile, self.certfile, self.keyfile)):
            Path(file).open("rb").close()  # the errors of `ssl` do not name the missing file
        context = ssl.create_default_context(cafile=self.cafile)
        if self.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.certfile:
            context.load_cert_chain(self.certfile, self.keyfile, refuse_passphrase)
        return context


def refuse_passphrase() -> str:
    """Raise OSError, because the private key needs a passphrase.

    `ssl` calls this function for an encrypted key, and would otherwise ask on the terminal.
    """
    raise OSError("the private key is encrypted: use one without a passphrase")
