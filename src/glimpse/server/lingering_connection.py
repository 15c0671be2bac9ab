"""LingeringConnection: error responses, and a close that does not lose the last response.

If bytes arrive at a closed socket, the kernel resets the connection, and the client loses the
response that it has not read. So a connection on which the client may still send lingers: bytes of
the client are read and dropped for some seconds. nginx calls that lingering_close.
"""

import logging

from glimpse.server.body_decoding import RequestBody
from glimpse.server.client_timeouts import ClientTimeouts
from glimpse.server.error_response import render_error
from glimpse.server.request_buffer import RequestBuffer
from glimpse.server.request_head import RequestRefused
from glimpse.server.server_state import ServerState

_LOG = logging.getLogger(__name__)


class LingeringConnection(ClientTimeouts):
    """Base class of HttpProtocol: sends error responses, and closes the connection.

    The client can read the last response before the connection closes.
    """

    # Set by the subclass.
    _server_state: ServerState
    _client: tuple[str, int] | None  # host and port
    _buffer: RequestBuffer
    _body: RequestBody | None  # of the current request, until it has ended

    def _refuse(self, refused: RequestRefused) -> None:
        """Log a warning about the refused request, send the error response, and close.

        If a response to a request in progress has started, the connection closes at once, without
        the error response: the client would take it for a part of that response.

        The application of a request in progress sees a disconnected client: `receive` returns
        ``http.disconnect``, `send` does nothing, and ``scope["glimpse.incomplete_reason"]`` is
        "client".
        """
        address = self._client[0] if self._client else "-"
        _LOG.warning("A request from %s was refused: %s", address, refused.text)
        request = self.request
        if request is not None and not request.is_response_complete:
            request.is_disconnected = True
            request.scope["glimpse.incomplete_reason"] = "client"
            request.received.set()
            if request.has_started_response:
                self.transport.abort()
                return
        self._send_error(refused)
        self._close_after_response(linger=True)

    def _send_error(self, refused: RequestRefused, *headers: tuple[bytes, bytes]) -> None:
        """Send the status and text of `refused` as a response, with additional `headers`.

        The response has the default headers of the server, too. Does not close the connection.
        """
        headers = (*self._server_state.default_headers, *headers)
        self.transport.write(render_error(refused.status, refused.text, headers))

    def _close_after_response(self, *, linger: bool = False) -> None:
        """Close the connection, but let the client read the response that was sent last.

        If the client may still send (the request's body has not ended, or reading is paused), or if
        `linger` is True, the connection lingers. A connection that lingers is closed for writing,
        and drops all bytes of the client. It closes when the client closes it, or when KEEP_ALIVE
        (5) seconds have passed and the response is sent. Otherwise the connection closes as soon as
        the response is sent.
        """
        self._is_lingering = True
        if not (linger or self._body is not None or self.flow.is_reading_paused):
            self.transport.close()
            return
        self._buffer.drop()
        self._idle_since = self.loop.time()
        self.flow.allow_resuming()
        self.flow.resume_reading()
        if not self.transport.is_closing():
            self.transport.write_eof()
