"""HeldUpload: an upload whose response is sent before its last part is stored."""

import asyncio
import logging

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from glimpse.faults.active_faults import RequestFault
from glimpse.faults.delays import Delays
from glimpse.http.requests_in_progress import RequestsInProgress
from glimpse.http.responses import send_response

_LOG = logging.getLogger(__name__)
_NO_CONTENT = 204


class HeldUpload:
    """An upload whose last part reaches the API ``saving_for`` seconds after the response.

    `app` is the API, and the rule of `fault` has ``saving_for``. When the client has sent the last
    part, the client gets a 204. `app` gets the last part later, and the response of `app` is then
    dropped. `app` runs in a task, which goes on when `serve` has returned. If `app` responds before
    the last part arrives, the client gets that response.

    A reset of the faults ends `delays`. If the last part is held then, the upload is cancelled. If
    the last part arrives after the reset, the upload is served without a fault.
    """

    def __init__(
        self,
        app: ASGIApp,
        scope: Scope,
        receive: Receive,
        send: Send,
        fault: RequestFault,
        delays: Delays,
    ) -> None:
        self._app, self._scope = app, scope
        self._receive, self._send = receive, send
        self._fault, self._delays = fault, delays
        self._is_held = False  # True once the last part has arrived
        self._error: Exception | None = None
        self._responded = asyncio.Event()  # also set when the API has ended
        self._task: asyncio.Task[None]

    async def serve(self, in_progress: RequestsInProgress) -> None:
        """Serve the upload; return when the client has its response. Call this method once.

        The task of the API goes on after that, also if the caller is cancelled; `in_progress`
        counts the task. Raises the exception that the API raises before the last part arrives.
        Later exceptions are logged.
        """
        self._task = asyncio.create_task(self._run())
        in_progress.add_task(self._task)
        await self._responded.wait()
        if self._error is not None:
            raise self._error

    async def _run(self) -> None:
        """Let the API serve the request, then set `_responded`.

        If the API raises an Exception before the last part has arrived, stores it in `_error`. Logs
        a later Exception without a traceback.
        """
        try:
            await self._app(self._scope, self._receive_held, self._send_unless_held)
        except Exception as error:  # noqa: BLE001  raised by `serve`, or logged
            if self._is_held:
                _LOG.error("An upload failed after its response was sent: %s", error)
            else:
                self._error = error
        finally:
            self._responded.set()

    async def _receive_held(self) -> Message:
        """Return the next part of the body; the API calls this method.

        When the last part arrives, counts the request in ``applied``, sends a 204 to the client,
        and returns the part ``saving_for`` seconds later. A further call then waits forever. If
        `delays` has ended before, returns the last part at once, without a 204.
        """
        if self._is_held:
            await asyncio.Event().wait()  # forever: the upload goes on if the client disconnects
        message = await self._receive()
        is_last = message["type"] == "http.request" and not message.get("more_body")
        if is_last and not self._delays.are_ended:
            self._is_held = True
            self._fault.count_applied()
            await send_response(self._send, _NO_CONTENT, [])
            self._responded.set()
            self._delays.add_upload(self._task)
            await self._delays.wait(self._fault.rule.saving_for or 0)
        return message

    async def _send_unless_held(self, message: Message) -> None:
        """Pass on the API's response; drop it if the client already has a response."""
        if not self._is_held:
            await self._send(message)
