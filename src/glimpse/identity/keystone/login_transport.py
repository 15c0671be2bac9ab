"""LoginTransport: what keystoneauth sends over HTTP, sent by Glimpse's own client.

keystoneauth calls `requests`, which reads whatever a server sends, for as long as it sends a byte
now and then. Glimpse's client bounds a response, and a deadline ends the call with its connection.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Coroutine, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.exceptions import ConnectionError as NoConnection
from requests.exceptions import InvalidHeader, RequestException, Timeout
from requests.structures import CaseInsensitiveDict

from glimpse.upstream.client import HttpClient
from glimpse.upstream.connection import Response
from glimpse.upstream.errors import UpstreamError
from glimpse.upstream.tls import TlsOptions
from glimpse.upstream.urls import strip_credentials

_log = logging.getLogger(__name__)

_MOST_BYTES = 1024 * 1024  # of a response: a catalog of 100 services in 10 regions has half of that
_GRACE = 1.0  # seconds that a thread waits longer than its call may take
# HttpClient writes these itself.
_WRITTEN = frozenset(
    ("accept-encoding", "connection", "content-length", "host", "transfer-encoding", "user-agent")
)


class Redirected(RequestException):
    """A redirect, which is not followed: the request had a password or a token."""


class LoginTransport(BaseAdapter):
    """A transport adapter of `requests`, for threads that have begun a call.

    Mount it for all URLs. `timeout` is in seconds: for a connection, and for each silence.
    """

    def __init__(self, timeout: float) -> None:
        super().__init__()
        self._timeout = timeout
        self._clients: dict[TlsOptions, HttpClient] = {}
        self._call = threading.local()

    def begin(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        """Let this thread send requests from `loop`, until so many seconds have passed."""
        self._call.loop = loop
        self._call.ends_at = time.monotonic() + seconds

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002, FBT001, FBT002  as requests has it, and so on
        timeout: object = None,  # noqa: ARG002
        verify: bool | str = True,  # noqa: FBT001, FBT002
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> requests.Response:
        """Send one request and read its response, within the time of this thread's call.

        Raises RequestException.
        """
        tls = _tls(verify, cert)
        client = self._clients.get(tls)
        if client is None:
            client = HttpClient(
                tls=tls, connect_timeout=self._timeout, silence_timeout=self._timeout
            )
            self._clients[tls] = client
        try:
            found = self._wait_for(_exchange(client, request))
        except TimeoutError:
            raise Timeout("no answer in time", request=request) from None
        except UpstreamError as error:
            raise NoConnection(str(error), request=request) from None
        except ValueError:
            raise InvalidHeader("a header cannot be sent", request=request) from None
        if found.redirect is not None:
            _log.error(
                "Keystone at %s redirects to %s, which is not followed: name the right URL in "
                "auth_url, or in Keystone's catalog.",
                strip_credentials(request.url or ""),
                found.redirect,
            )
            raise Redirected("a redirect", request=request)
        if found.status == HTTPStatus.UNAUTHORIZED and _is_discovery(request):
            # keystoneauth would want a token of the plugin that waits for this, and wait for ever.
            raise NoConnection("a token is needed to look for versions", request=request)
        return self._as_requests_has_it(found, request)

    def _wait_for(self, exchange: Coroutine[Any, Any, Response]) -> Response:
        """Run it in the event loop and wait, within the time of this thread's call."""
        left = self._call.ends_at - time.monotonic()
        if left <= 0:
            exchange.close()
            raise TimeoutError
        try:
            running = asyncio.run_coroutine_threadsafe(
                asyncio.wait_for(exchange, left), self._call.loop
            )
        except RuntimeError:  # the event loop has ended, and the process is about to
            exchange.close()
            raise TimeoutError from None
        try:
            return running.result(left + _GRACE)
        finally:
            running.cancel()

    def _as_requests_has_it(
        self, found: Response, request: requests.PreparedRequest
    ) -> requests.Response:
        response = requests.Response()
        response.status_code = found.status
        response.headers = CaseInsensitiveDict(
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in found.headers
        )
        response.url = request.url or ""
        response.request = request
        response.encoding = "utf-8"  # to guess it takes seconds for a megabyte
        response._content = found.body  # noqa: SLF001  what requests' own adapters would have read
        response.connection = self  # type: ignore[assignment]  # of which some plugins send more
        return response

    def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            client.abort()


def _is_discovery(request: requests.PreparedRequest) -> bool:
    return request.method == "GET" and "X-Auth-Token" not in request.headers


async def _exchange(client: HttpClient, request: requests.PreparedRequest) -> Response:
    parts = urlsplit(request.url or "")
    body = request.body.encode() if isinstance(request.body, str) else request.body
    if body is not None and not isinstance(body, bytes):
        raise ValueError("a body in pieces")
    headers = {
        name: value if isinstance(value, str) else value.decode("latin-1")
        for name, value in request.headers.items()
        if name.lower() not in _WRITTEN
    }
    return await client.request(
        request.method or "GET",
        f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}",
        request.path_url,
        headers,
        body,
        most_bytes=_MOST_BYTES,
    )


def _tls(verify: bool | str, cert: Any) -> TlsOptions:  # noqa: FBT001  as requests has it
    certfile, keyfile = cert if isinstance(cert, tuple) else (cert, None)
    cafile = verify if isinstance(verify, str) else None
    return TlsOptions(cafile, certfile, keyfile, insecure=not verify)
