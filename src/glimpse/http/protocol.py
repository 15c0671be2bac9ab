"""HttpProtocol: uvicorn's fast HTTP parser, with the tolerant one for verbs it does not know.

Both are patient with slow clients, within bounds.

httptools (llhttp) refuses a verb that is not on its list, before the application sees it. A
deployed Compute API answers ``FOO /v2.1/images`` like any verb of no operation: 404.
"""

import asyncio
import re
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from glimpse.http.cycle import Cycle
from glimpse.http.patience import Patient

_KNOWN = frozenset((b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE"))
_REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,1024}) \S+ HTTP/1\.[01]\r?\n")


class HttpProtocol(Patient, HttpToolsProtocol):
    """One connection. The first unusual verb hands it over to h11 for the rest of its life."""

    _in_chunk_head = False

    def data_received(self, data: bytes) -> None:
        """Take bytes from the client."""
        between_requests = self.cycle is None or self.cycle.response_complete
        if between_requests:
            line = _REQUEST_LINE.match(data)
            if line and line[1] not in _KNOWN:
                self._hand_over(data)
                return
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """Begin a request: uvicorn's way, with what Glimpse has no use for left out."""
        parser, scope, url = self.parser, self.scope, httptools.parse_url(self.url)
        http_version = parser.get_http_version()
        path = url.path.decode("ascii")
        scope["method"] = parser.get_method().decode("ascii")
        scope["http_version"] = http_version
        scope["path"] = unquote(path) if "%" in path else path
        scope["raw_path"] = url.path
        scope["query_string"] = url.query or b""
        previous = self.cycle
        self.cycle = cycle = Cycle(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=http_version != "1.0" and parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        if previous is None or previous.response_complete:
            self._start_asgi_task(cycle, self.app)
        else:  # a client that did not wait for the answer to its last request
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self.app))

    def on_response_complete(self) -> None:
        """Wait for the next request, or begin with it if it is here."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        else:
            self.answered()

    def on_chunk_header(self) -> None:
        """Expect a chunk; or, after the last, trailers of which the parser says nothing."""
        self._in_chunk_head = True

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._in_chunk_head = False
        super().on_body(body)

    def on_message_complete(self) -> None:
        """See the end of a request."""
        self._in_chunk_head = False
        self.cycle.more_body = False  # uvicorn leaves it so when the answer came before the end
        super().on_message_complete()

    def _wants_head(self) -> bool:
        return self._in_chunk_head or super()._wants_head()

    def _hand_over(self, data: bytes) -> None:
        transport = self.transport
        self.stop_looking()
        self.connections.discard(self)
        protocol = _TolerantProtocol(
            config=self.config, server_state=self.server_state, app_state=self.app_state
        )
        protocol.connection_made(transport)
        transport.set_protocol(_as_protocol(protocol))
        protocol.data_received(data)


class _TolerantProtocol(Patient, H11Protocol):
    """One connection that h11 reads; it bounds heads by itself."""


def _as_protocol(protocol: _TolerantProtocol) -> asyncio.Protocol:
    return protocol
