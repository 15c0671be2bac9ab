"""ReloadableApplication: what one process serves. The application can be replaced by a reload."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from starlette.types import Receive, Scope, Send

from glimpse.app.application import Application, build
from glimpse.server.reload import LoadSettings, keep_fixed_settings
from glimpse.settings import Settings
from glimpse.telemetry.observer import NULL_OBSERVER, Observer

_LOG = logging.getLogger(__name__)


class ReloadableApplication:
    """An ASGI application that can take up a new configuration between two requests.

    Requests that arrive at ``[metrics] port`` are scrapes, if the server listens there. One a
    process: it counts for the whole of it.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._observer: Observer = NULL_OBSERVER
        self._scrape: Callable[[Scope, Send], Awaitable[None]] | None = None
        if settings.metrics.port:
            from glimpse.telemetry.metrics import Metrics  # noqa: PLC0415  loads only when it is wanted

            self._observer = self._scrape = Metrics()
        self._application = build(settings, self._observer)
        self._retired: dict[asyncio.Task[None], Application] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the process's start and end."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._scrape is not None and _port(scope) == self.settings.metrics.port:
            await self._scrape(scope, send)
        else:
            await self._application(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self._application.open()
        except Exception as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            raise
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _close(self) -> None:
        await self._application.close()
        for waiting, application in list(self._retired.items()):
            waiting.cancel()
            await application.close()

    async def reload(self, load: LoadSettings) -> bool:
        """Serve new requests by the configuration that `load` gives; say whether that worked.

        Requests under way end as they began. A configuration that cannot be used is logged, and
        the present one kept.
        """
        fresh: Application | None = None
        try:
            settings = keep_fixed_settings(await asyncio.to_thread(load), self.settings)
            fresh = build(settings, self._observer)
            await fresh.open()
        except Exception as error:  # noqa: BLE001  whatever it is, what serves goes on serving
            _LOG.error("The present configuration is kept: %s", str(error) or type(error).__name__)
            if fresh is not None:
                await fresh.close()
            return False
        fresh.copy_cache(self._application)
        old, self._application, self.settings = self._application, fresh, settings
        waiting = asyncio.create_task(_close_when_idle(old))
        self._retired[waiting] = old
        waiting.add_done_callback(self._retired.pop)
        _LOG.info("The configuration was read again.")
        return True


async def _close_when_idle(application: Application) -> None:
    await application.idle()
    await application.close()


def _port(scope: Scope) -> int | None:
    """The port at which the request arrived."""
    server = scope.get("server")
    return server[1] if server else None
