"""HttpProtocol: uvicorn's fast HTTP parser, with the tolerant one for verbs it does not know.

httptools (llhttp) refuses a verb that is not on its list, before the application sees it. A
deployed Compute API answers ``FOO /v2.1/images`` like any verb of no operation: 404.
"""

import asyncio
import re

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_KNOWN = frozenset((b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE"))
_REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,1024}) \S+ HTTP/1\.[01]\r?\n")


class HttpProtocol(HttpToolsProtocol):
    """One connection. The first unusual verb hands it over to h11 for the rest of its life."""

    def data_received(self, data: bytes) -> None:
        """Take bytes from the client."""
        between_requests = self.cycle is None or self.cycle.response_complete
        if between_requests:
            line = _REQUEST_LINE.match(data)
            if line and line[1] not in _KNOWN:
                self._hand_over(data)
                return
        super().data_received(data)

    def _hand_over(self, data: bytes) -> None:
        transport = self.transport
        self._unset_keepalive_if_required()
        self.connections.discard(self)
        protocol = H11Protocol(
            config=self.config, server_state=self.server_state, app_state=self.app_state
        )
        protocol.connection_made(transport)
        transport.set_protocol(_as_protocol(protocol))
        protocol.data_received(data)


def _as_protocol(protocol: H11Protocol) -> asyncio.Protocol:
    return protocol
