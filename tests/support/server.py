"""What every server that tests start has in common: an address on loopback, a start and an end."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Server(ABC):
    """A context manager: started inside, gone after. `port` is where it listens once started."""

    port: int

    @abstractmethod
    def start(self) -> None:
        """Return when it accepts connections."""

    @abstractmethod
    def stop(self) -> object:
        """End it; return when it has ended."""

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
