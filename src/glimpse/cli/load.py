"""``glimpse load``: create image records from JSON lines of Image API documents."""

import argparse
import asyncio
import signal
import sys
import uuid
from pathlib import Path
from typing import BinaryIO

from glimpse.app.embedded_options import embedded_options
from glimpse.bulk_load.load_file import LoadFile
from glimpse.bulk_load.loading import BadDocument, load
from glimpse.cli.errors import CommandFailed
from glimpse.cli.progress import Progress
from glimpse.cli.settings_arguments import add_state_arguments, read_settings
from glimpse.cli.standard_streams import print_error, print_output
from glimpse.embedded.service import EmbeddedImageService
from glimpse.embedded.sqlite.schema import UnusableCatalog
from glimpse.images import Image
from glimpse.images.errors import Invalid, Unavailable
from glimpse.settings import Settings
from glimpse.telemetry.redaction import escape

_WITH_DATA = ("active", "deactivated")  # statuses of images that have data


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``glimpse load``: the settings, --without-data and FILE."""
    add_state_arguments(parser)
    parser.add_argument(
        "--without-data",
        action="store_true",
        help="load active images although their data is not in the state directory: they can be "
        "listed, and downloads of them are empty",
    )
    parser.add_argument(
        "file",
        metavar="FILE",
        help="a document of an image, or a list of them, in each line; - for standard input",
    )


def run(options: argparse.Namespace) -> int:
    """Load the file into the embedded catalog, print the number of images, and return 0.

    Creates or migrates the catalog first. An existing image with the same id is replaced. Images
    are stored in transactions of 10,000.
    After an error or an interrupt, images of committed transactions stay. Replaces the process's
    handler of SIGINT. Prints a warning if the file is only one page of a list.

    Raises CommandFailed for a line that is not an image, if the file cannot be opened, and if the
    catalog or the output cannot be used. Without --without-data, also raises CommandFailed if the
    state directory lacks the data of an active or deactivated image. Raises InvalidSettings for
    invalid settings. Raises OSError if reading the opened file fails, or if the state directory
    cannot be used. Raises KeyboardInterrupt at SIGINT, and BrokenPipeError if the output is a pipe
    that nobody reads.
    """
    settings = read_settings(options)
    with _open_file(options.file) as stream:
        loading = _Loading(settings, LoadFile(stream), needs_data=not options.without_data)
        # asyncio's own handler waits for the loop, which may be waiting for a line.
        signal.signal(signal.SIGINT, _interrupt)
        try:
            asyncio.run(loading.run())
        except UnusableCatalog as error:
            raise CommandFailed(str(error)) from None
        except (BadDocument, Unavailable) as error:
            count = loading.count
            kept = f" {count} images of the lines before it are loaded." if count else ""
            where = f"{options.file}, line {loading.lines.line}"
            text = str(error).removesuffix(".")
            raise CommandFailed(f"{where}: {text}.{kept} {_next_step(error)}") from None
        except KeyboardInterrupt:
            print_error("interrupted; load the file again to complete it")
            raise
    print_output(escape(f"{loading.count} images loaded into {settings.server.state_dir}") + "\n")
    if loading.lines.next_page:
        print_error(
            "this is one page of a list: load the other pages, too; the next is "
            f"{loading.lines.next_page}"
        )
    return 0


def _open_file(name: str) -> BinaryIO:
    """Open the file `name`; return standard input for ``-``.

    Raises CommandFailed if the file cannot be opened.
    """
    try:
        return sys.stdin.buffer if name == "-" else Path(name).open("rb")
    except OSError as error:
        raise CommandFailed(f"cannot read {name}: {error.strerror}") from None


def _next_step(error: BadDocument | Unavailable) -> str:
    if isinstance(error, BadDocument):
        return "Correct the file, and load it again as a whole."
    return "If the disk is full, free some space. Then load the file again as a whole."


class _Loading:
    """Loads `lines` into the catalog that the settings name.

    With `needs_data`, the data of an active or deactivated image must be in the state directory.
    """

    def __init__(self, settings: Settings, lines: LoadFile, *, needs_data: bool) -> None:
        self._settings = settings
        self._needs_data = needs_data
        self._ids: set[bytes] = set()  # 16 bytes each; 100 MB of memory for a million ids
        self._ids_of_batch: set[bytes] = set()  # ids in the transaction that is not committed yet
        self.lines = lines

    @property
    def count(self) -> int:
        """The number of images in committed transactions. Images with the same id count as one."""
        return len(self._ids)

    async def run(self) -> None:
        """Load all lines, and show the progress.

        Raises BadDocument for a line that is not an image, and for an image that lacks the data
        that `needs_data` requires. Raises InvalidSettings for unusable options of [import]. Raises
        UnusableCatalog, OSError or Unavailable if the files in the state directory cannot be used.
        Raises OSError if the lines cannot be read. After an error, images of committed transactions
        stay.
        """
        service = EmbeddedImageService.open(
            self._settings.server.state_dir, options=embedded_options(self._settings)
        )
        try:
            with Progress("loading", self.lines.total, "B") as progress:

                def check(image: Image) -> None:
                    if self._needs_data and image.status in _WITH_DATA:
                        self._require_data(image, service)
                    self._ids_of_batch.add(uuid.UUID(image.id).bytes)

                def report_progress(_: int) -> None:
                    self._ids |= self._ids_of_batch
                    self._ids_of_batch.clear()
                    progress.advance_to(self.lines.bytes)

                await load(service, self.lines, report_progress, check)
        finally:
            await service.close()

    def _require_data(self, image: Image, service: EmbeddedImageService) -> None:
        """Raise Invalid if the data of `image` is not in the state directory.

        The status of `image` is not considered.
        """
        if not service.data.has(image.id):
            path = self._settings.server.state_dir / "data" / image.id
            raise Invalid(
                f"the image is {image.status}, and its data is missing: copy it to {path} first, "
                "or use --without-data."
            )


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
