"""``glimpse load``: create image records from JSON lines of Image API documents."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path
from typing import BinaryIO

from tqdm import tqdm

from glimpse.app.embedded_options import embedded_options
from glimpse.cli.errors import CommandFailed
from glimpse.cli.settings_arguments import add_settings_arguments, read_settings
from glimpse.embedded.service import EmbeddedImageService
from glimpse.embedded.sqlite.schema import UnusableCatalog
from glimpse.image_api.bulk_load import BadDocument, JsonLines, load
from glimpse.images.errors import Unavailable
from glimpse.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``glimpse load``: the settings, and FILE."""
    add_settings_arguments(parser)
    parser.add_argument("file", metavar="FILE", help="- for standard input")


def run(options: argparse.Namespace) -> int:
    """Load the file into the embedded catalog, print how many images it had, and return 0.

    Images with the same ids are replaced. Images are loaded in transactions of 10,000; after an
    error or an interrupt, those of committed transactions stay. Replaces the process's handler of
    SIGINT. Raises CommandFailed for a line that is no image, and for a file or catalog that cannot
    be used; InvalidSettings; OSError; and KeyboardInterrupt at SIGINT.
    """
    settings = read_settings(options)
    with _open_file(options.file) as stream:
        loading = _Loading(settings, JsonLines(stream))
        # asyncio's own handler waits for the loop, which may be waiting for a line.
        signal.signal(signal.SIGINT, _interrupt)
        try:
            asyncio.run(loading.run())
        except UnusableCatalog as error:
            raise CommandFailed(str(error)) from None
        except (BadDocument, Unavailable) as error:
            kept = f" The {loading.count} images before it are loaded." if loading.count else ""
            where = f"{options.file}, line {loading.lines.line}"
            raise CommandFailed(f"{where}: {error}{kept}") from None
        except KeyboardInterrupt:
            print("glimpse: interrupted; load the file again to complete it", file=sys.stderr)
            raise
    print(f"{loading.count} images loaded into {settings.server.state_dir}")
    return 0


def _open_file(name: str) -> BinaryIO:
    """Open the file; return standard input for ``-``. Raises CommandFailed if that fails."""
    try:
        return sys.stdin.buffer if name == "-" else Path(name).open("rb")
    except OSError as error:
        raise CommandFailed(f"cannot read {name}: {error.strerror}") from None


class _Loading:
    """Loads lines into the catalog of the settings; `count` images have been loaded so far."""

    def __init__(self, settings: Settings, lines: JsonLines) -> None:
        self._settings = settings
        self.lines = lines
        self.count = 0

    async def run(self) -> None:
        """Load all lines, with a progress bar if standard error is a terminal.

        Raises BadDocument for a line that is no image; UnusableCatalog, OSError or Unavailable if
        the files in the state directory cannot be used.
        """
        service = EmbeddedImageService.open(
            self._settings.server.state_dir, options=embedded_options(self._settings)
        )
        try:
            with tqdm(total=self.lines.total, unit="B", unit_scale=True, disable=None) as bar:

                def report_progress(count: int) -> None:
                    self.count += count
                    bar.update(self.lines.bytes - bar.n)

                await load(service, self.lines, report_progress)
        finally:
            await service.close()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
