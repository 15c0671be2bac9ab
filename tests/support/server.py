"""Base classes of the servers that tests start on a port of 127.0.0.1."""

import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from types import TracebackType
from typing import Self


class Server(ABC):
    """A server. As a context manager, it starts the server and stops it at the end.

    `port` is the port of 127.0.0.1 on which the running server listens.
    """

    port: int

    @abstractmethod
    def start(self) -> None:
        """Start the server; return when it accepts connections."""

    @abstractmethod
    def stop(self) -> object:
        """Stop the server; return when it has ended."""

    @property
    def address(self) -> tuple[str, int]:
        return ("127.0.0.1", self.port)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


class ThreadedServer(Server):
    """A server in a thread of this process. It has a port before it is started."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self.serve)

    @abstractmethod
    def serve(self) -> None:
        """Serve `connections` until `stop` is called. Runs in the thread."""

    def connections(self) -> Iterator[socket.socket]:
        """Yield each connection that a client opens; end when `stop` is called."""
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # the listener was shut down
            yield connection

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
