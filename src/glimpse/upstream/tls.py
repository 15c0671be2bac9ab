"""TLS: whom to believe, and how to show who we are, as all sections of a nova.conf have it."""

import ssl
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class TlsOptions:
    """`cafile` replaces the authorities that the system knows; `insecure` believes everybody."""

    cafile: str | None = None
    certfile: str | None = None
    keyfile: str | None = None
    insecure: bool = False

    @cached_property
    def context(self) -> ssl.SSLContext:
        """Made when it is first needed. Raises OSError for a file that it cannot use."""
        for file in filter(None, (self.cafile, self.certfile, self.keyfile)):
            Path(file).open("rb").close()  # the module ssl does not say which file there is not
        context = ssl.create_default_context(cafile=self.cafile)
        if self.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.certfile:
            context.load_cert_chain(self.certfile, self.keyfile)
        return context
