"""ReadyFile: a JSON file with the URLs of ``glimpse serve``, which exists while it serves."""

import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import orjson

from glimpse.cli.api_listeners import api_listeners
from glimpse.cli.errors import CommandFailed
from glimpse.cli.listening_sockets import socket_url
from glimpse.http.service_urls import IDENTITY_PATH, IMAGE_PATH
from glimpse.identity.embedded.identity_file import FILE_NAME
from glimpse.identity.embedded.private_files import write_private_file
from glimpse.server.systemd import report_to_systemd
from glimpse.server.worker import WorkerEvent
from glimpse.settings import Settings

if TYPE_CHECKING:
    from glimpse.cli.control import ControlSetup


class ReadyFile:
    """A file that exists while ``glimpse serve`` accepts requests: programs can wait for it.

    Use it as a context manager. The start of the block removes an old file of a killed process, and
    writes the content to a hidden file in the same directory, so that a full disk is found before
    clients are served. When the server has started, `report` renames the hidden file. The end of
    the block removes the file. Only the owner can read the file.
    """

    def __init__(
        self,
        path: Path,
        settings: Settings,
        sockets: Sequence[socket.socket],
        control: "ControlSetup | None" = None,
    ) -> None:
        """Compose the content of the file `path`; write nothing yet.

        `sockets` are those of the APIs, in the order Compute, Image, Identity. `control` is None if
        there is neither a control API nor a fault. Raises CommandFailed if the directory of the
        file does not exist or cannot be written.
        """
        self._path = path.absolute()
        self._written = self._path.with_name(f".{self._path.name}.new")
        if not os.access(self._path.parent, os.W_OK):
            raise CommandFailed(f"cannot write the ready file {path}: check its directory.")
        self._document = _document(settings, sockets)
        if control is not None and control.listener is not None:
            url = socket_url(control.listener)
            self._document["control"] = {"url": url, "token": control.token}
            if control.copies is not None:  # the users after each reset
                self._document["credentials"] = str(control.copies.original / FILE_NAME)

    def __enter__(self) -> Self:
        """Remove a ready file and a hidden file that a killed process left; write the hidden file.

        Raises CommandFailed if a file cannot be removed or written.
        """
        try:
            self._path.unlink(missing_ok=True)
            self._written.unlink(missing_ok=True)
            write_private_file(self._written, orjson.dumps(self._document))
        except OSError as error:
            raise CommandFailed(
                f"cannot write the ready file {self._path}: {error.strerror}"
            ) from None
        return self

    def __exit__(self, *_: object) -> None:
        self._path.unlink(missing_ok=True)
        self._written.unlink(missing_ok=True)

    def report(self, event: WorkerEvent) -> None:
        """Report an event to systemd. At "started", first rename the hidden file to `path`.

        Raises OSError if the file cannot be renamed.
        """
        if event == "started":
            self._written.rename(self._path)
        report_to_systemd(event)


def _document(settings: Settings, sockets: Sequence[socket.socket]) -> dict[str, Any]:
    """Return the content of the file: process id, and the URLs and paths that clients need.

    `sockets` are in the order of `api_listeners`. The Image API is left out if Glance serves the
    Image API. The Identity API, the identity file and the region are left out if callers are not
    users of the embedded identity.
    """
    urls = {
        listener.option: socket_url(sock)
        for listener, sock in zip(api_listeners(settings), sockets, strict=True)
    }
    document: dict[str, Any] = {
        "pid": os.getpid(),
        "compute": f"{urls['port']}/v2.1",
        "state_dir": str(settings.server.state_dir),
    }
    if settings.image_service == "embedded":
        document["image"] = urls.get("image_port", urls["port"] + IMAGE_PATH)
    if settings.api.auth_strategy == "embedded":
        identity = urls.get("identity_port", urls["port"] + IDENTITY_PATH)
        document["identity"] = f"{identity}/v3"
        document["region"] = settings.embedded.region_name
        document["credentials"] = str(settings.server.state_dir / FILE_NAME)
    return document
