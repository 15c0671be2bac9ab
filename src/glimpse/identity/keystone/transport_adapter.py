"""TransportAdapter: sends keystoneauth's requests through a Transport.

keystoneauth uses the library ``requests``. The timeout of ``requests`` starts again with each byte
of a response, and ``requests`` reads responses of any size. A Transport limits the size of a
response, and TransportAdapter ends each request at a deadline.
"""

import asyncio
import threading
import time
from collections.abc import Coroutine, Mapping
from concurrent.futures import CancelledError
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.exceptions import ConnectionError as NoConnection
from requests.exceptions import InvalidHeader, RequestException, Timeout
from requests.structures import CaseInsensitiveDict

from glimpse.upstream.errors import UpstreamError
from glimpse.upstream.redirects import log_redirect
from glimpse.upstream.transport import Response, Transport
from glimpse.upstream.urls import strip_credentials

_URL_SETTINGS = "auth_url, or in Keystone's catalog"

_MAX_RESPONSE_BYTES = 1024 * 1024  # a catalog of 100 services in 10 regions has half of that
_EXTRA_WAIT = 1.0  # seconds that a thread waits for the event loop to cancel a late request
# A Transport writes these headers itself.
_TRANSPORT_HEADERS = frozenset(
    ("accept-encoding", "connection", "content-length", "host", "transfer-encoding", "user-agent")
)


class RedirectNotFollowed(RequestException):
    """Keystone responded with a redirect, which is not followed.

    Following the redirect would send a password or a token to another URL.
    """


class TransportAdapter(BaseAdapter):
    """A transport adapter of ``requests``: sends all requests through `transport`.

    Mount the adapter for all URLs. A thread calls `begin` before it sends requests. Timeouts and
    TLS options that ``requests`` passes are ignored, because `transport` has its own. The owner of
    `transport` closes `transport`.
    """

    def __init__(self, transport: Transport) -> None:
        super().__init__()
        self._transport = transport
        self._call = threading.local()
        self._is_closed = False

    def begin(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        """Allow the calling thread to send requests for `seconds` from now.

        All requests that the thread sends until the next `begin` must end within these `seconds`.
        `loop` is the event loop in which the transport runs. Clears `problem`.
        """
        self._call.loop = loop
        self._call.ends_at = time.monotonic() + seconds
        self._call.problem = ""

    @property
    def problem(self) -> str:
        """Why the last request of the calling thread failed; empty if it succeeded.

        Also empty if the thread has sent no request since `begin`, which the thread must have
        called. The text is for operators, and contains no secret. A response with a status code of
        300 or more is a failure, too.
        """
        return str(self._call.problem)

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002, FBT001, FBT002  the signature of requests
        timeout: object = None,  # noqa: ARG002  the same
        verify: bool | str = True,  # noqa: ARG002, FBT001, FBT002  the same
        cert: Any = None,  # noqa: ARG002  the same
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002  the same
    ) -> requests.Response:
        """Send one request, and return its response with the whole body.

        The calling thread must have called `begin`. Sets `problem`. All arguments except `request`
        are ignored. All errors are RequestExceptions, which keystoneauth expects:

        - Timeout: the deadline that `begin` set has passed, the transport has a shorter timeout,
          the event loop closes, or `close` was called.
        - ConnectionError: there is no valid response. Or a look-up of API versions got a 401, after
          which keystoneauth would log in, and look up the versions again.
        - InvalidHeader: a header cannot be sent, or the body is neither text nor bytes.
        - RedirectNotFollowed: the response is a redirect, which is logged.
        """
        response = self._exchange(request)
        self._call.problem = _problem_of(request, response.status)
        if log_redirect("Keystone", request.url or "", response, _URL_SETTINGS):
            raise RedirectNotFollowed("a redirect", request=request)
        if response.status == HTTPStatus.UNAUTHORIZED and _is_discovery(request):
            # keystoneauth would log in to get a token, but the login waits for this response.
            raise NoConnection("a token is needed to look for versions", request=request)
        return self._to_requests_response(response, request)

    def _exchange(self, request: requests.PreparedRequest) -> Response:
        """Send `request`, and return the response, whatever its status code.

        Raises Timeout if no response comes in time, or if the adapter or the event loop closes.
        Raises ConnectionError if there is no valid response, and InvalidHeader if `request` cannot
        be sent. Each of these errors sets `problem`.
        """
        failure: RequestException
        try:
            return self._run_until_deadline(_send_request(self._transport, request))
        except TimeoutError:
            failure = Timeout("no response in time", request=request)
        except UpstreamError as error:
            failure = NoConnection(str(error), request=request)
        except ValueError:
            failure = InvalidHeader("a header cannot be sent", request=request)
        self._call.problem = str(failure)
        raise failure

    def _run_until_deadline(self, sending: Coroutine[Any, Any, Response]) -> Response:
        """Run `sending` in the event loop; return its result, or raise its error.

        Raises TimeoutError if the deadline of the calling thread passes, if the event loop closes
        or is closed, or if `close` was called before. Then `sending` is cancelled or never starts.
        If the event loop is blocked at the deadline, the error comes a second later.
        """
        left = self._call.ends_at - time.monotonic()
        if self._is_closed or left <= 0:
            sending.close()
            raise TimeoutError
        waiting = asyncio.wait_for(sending, left)
        try:
            running = asyncio.run_coroutine_threadsafe(waiting, self._call.loop)
        except RuntimeError:  # the event loop is closed: the process is about to exit
            waiting.close()
            sending.close()
            raise TimeoutError from None
        try:
            return running.result(left + _EXTRA_WAIT)
        except CancelledError:  # the event loop is about to close
            raise TimeoutError from None
        finally:
            running.cancel()

    def _to_requests_response(
        self, response: Response, request: requests.PreparedRequest
    ) -> requests.Response:
        """Convert `response` to a response of ``requests``, which keystoneauth reads."""
        result = requests.Response()
        result.status_code = response.status
        result.headers = CaseInsensitiveDict(
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers
        )
        result.url = request.url or ""
        result.request = request
        result.encoding = "utf-8"  # guessing takes seconds for a megabyte
        result._content = response.body  # noqa: SLF001  requests has no public way to set the body
        result.connection = self  # type: ignore[assignment]  # some plugins send further requests through it
        return result

    def close(self) -> None:
        """Let further requests raise Timeout.

        So threads that keystoneauth still uses end soon. The owner of the transport closes the
        transport, in the event loop.
        """
        self._is_closed = True


def _problem_of(request: requests.PreparedRequest, status: int) -> str:
    """Return ``METHOD URL responds STATUS`` for a status code of 300 or more, else "".

    The URL has neither credentials nor a query.
    """
    if status < HTTPStatus.MULTIPLE_CHOICES:
        return ""
    url = strip_credentials(request.url or "").partition("?")[0]
    return f"{request.method} {url} responds {status}"


def _is_discovery(request: requests.PreparedRequest) -> bool:
    """Return True if `request` is a look-up of API versions.

    keystoneauth sends a GET without a token only for such a look-up.
    """
    return request.method == "GET" and "X-Auth-Token" not in request.headers


async def _send_request(transport: Transport, request: requests.PreparedRequest) -> Response:
    """Send `request` through `transport`, without the credentials that its URL may contain.

    Headers that the transport writes itself are left out. Raises UpstreamError if there is no valid
    response, TimeoutError if no response comes in time, and ValueError if a header cannot be sent
    or the body is neither text nor bytes.
    """
    parts = urlsplit(request.url or "")
    body = request.body.encode() if isinstance(request.body, str) else request.body
    if body is not None and not isinstance(body, bytes):
        raise ValueError("a body that is not bytes")
    headers = {
        name: value if isinstance(value, str) else value.decode("latin-1")
        for name, value in request.headers.items()
        if name.lower() not in _TRANSPORT_HEADERS
    }
    return await transport.request(
        request.method or "GET",
        f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}",
        request.path_url,
        headers,
        body,
        max_response_bytes=_MAX_RESPONSE_BYTES,
    )
