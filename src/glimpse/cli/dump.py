"""``glimpse dump``: print the records of all images, for `glimpse load`."""

import argparse
import os
import secrets
import signal
import sqlite3
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO

from glimpse.bulk_load.image_documents import render_image_and_members
from glimpse.cli.directory_check import read_only_advice
from glimpse.cli.errors import CommandFailed
from glimpse.cli.interruptible import interruptible
from glimpse.cli.progress import Progress
from glimpse.cli.settings_arguments import add_state_arguments, read_settings
from glimpse.cli.standard_streams import print_error, print_to_stderr
from glimpse.embedded.sqlite.catalog_export import CatalogExport
from glimpse.embedded.sqlite.schema import CATALOG_FILE, UnusableCatalog
from glimpse.images.errors import Invalid

PAGE_IMAGES = 1000  # in one list: the most that Glance returns by default
PAGE_BYTES = 4 * 2**20  # of one list without its last image: `glimpse load` reads lines of 16 MiB


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``glimpse dump``: the settings, --format and FILE."""
    add_state_arguments(parser)
    parser.add_argument(
        "--format",
        choices=("lines", "list"),
        default="lines",
        help="lines: a document of an image in each line; list: a list as that of GET /v2/images "
        f"in each line, of up to {PAGE_IMAGES} images (default: lines)",
    )
    parser.add_argument(
        "file", nargs="?", default="-", metavar="FILE", help="default: - for standard output"
    )


def run(options: argparse.Namespace) -> int:
    """Write all images to FILE as they are at one moment, also while Glimpse serves; return 0.

    Prints the number of images on standard error. Returns 1 if images are left out: those with
    broken records, and those that no document can describe (see `_image_lines`). FILE is replaced
    when all images have been written, so an earlier dump is unchanged after an error. A new FILE
    has the mode 0600. Standard output, a pipe, or a file that cannot be replaced
    (`_is_replaceable`) is written directly; an error then leaves a partial dump.

    Raises CommandFailed if the catalog cannot be read or the output cannot be written. Raises
    BrokenPipeError if the output is a pipe that nobody reads. Raises InvalidSettings for invalid
    settings. Raises KeyboardInterrupt at SIGINT, and SystemExit if SIGTERM interrupts the writing
    of a replaceable FILE.
    """
    path = read_settings(options).server.state_dir / CATALOG_FILE
    try:
        with closing(CatalogExport(path)) as export, _open_output(options.file) as stream:
            lines = _image_lines(export)
            stream.writelines(lines if options.format == "lines" else list_lines(lines))
    except UnusableCatalog as error:
        raise CommandFailed(f"{error}{read_only_advice(path.parent)}") from None
    except sqlite3.Error as error:
        advice = read_only_advice(path.parent)
        raise CommandFailed(f"The catalog {path} cannot be read: {error}.{advice}") from None
    except (KeyboardInterrupt, SystemExit):
        print_error("interrupted before all images were dumped; run the command again")
        raise
    except BrokenPipeError:
        raise
    except OSError as error:
        name = "standard output" if options.file == "-" else options.file
        raise CommandFailed(f"cannot write {name}: {error.strerror}") from None
    left_out = f", {export.left_out} left out" if export.left_out else ""
    print_to_stderr(f"{export.count - export.left_out} images dumped{left_out}")
    return 1 if export.left_out else 0


@contextmanager
def _open_output(name: str) -> Iterator[BinaryIO]:
    """Open the file `name` for the dump; ``-`` is standard output.

    If the file `name` is missing or replaceable (`_is_replaceable`), the block writes to a
    temporary file, which replaces the file `name` at the end of the block. After an error, the file
    `name` is unchanged. The new file has the mode of the old file, or 0600. A symbolic link stays a
    link. During the block, SIGTERM raises SystemExit.

    Otherwise, as for standard output or a pipe, the block writes to the output directly. An error
    then leaves a partial dump, and SIGTERM is not handled here. Raises OSError if the output cannot
    be opened or written.
    """
    path = Path(name).resolve()
    if name != "-" and (not path.exists() or _is_replaceable(path)):
        # Not for a pipe: a dump that waits for a reader would no longer end at SIGTERM.
        with interruptible((signal.SIGTERM,)), _replacing(path) as stream:
            yield stream
        return
    flags = os.O_WRONLY | os.O_TRUNC
    opened = os.dup(sys.stdout.fileno()) if name == "-" else os.open(path, flags)
    with os.fdopen(opened, "wb") as stream:
        yield stream


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file that replaces the file `path` at the end of the block.

    The file is synced to the disk first, and gets the group and the mode of the old file. Without
    an old file, the mode is 0600. If the block raises an error, removes only the temporary file,
    and raises the error. Raises OSError if the file cannot be made, written or replaced.
    """
    old = path.stat() if path.exists() else None
    temporary = path.with_name(f".glimpse-dump-{secrets.token_hex(8)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            if old is not None:
                # Not in vain: some file systems refuse every change, even to the same group.
                if os.fstat(descriptor).st_gid != old.st_gid:
                    os.fchown(descriptor, -1, old.st_gid)
                os.fchmod(descriptor, stat.S_IMODE(old.st_mode))
            os.fsync(descriptor)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _is_replaceable(path: Path) -> bool:
    """Return True if this process can replace the file `path` and keep its owner and group.

    Then `path` is a regular file of this process's user, in a group of this process. The file has
    no other hard link and is no mount point, and the file and its directory are writable. Resolve
    symbolic links in `path` first. Raises OSError if `path` does not exist.
    """
    status = path.stat()
    is_member = os.geteuid() == 0 or status.st_gid in (os.getegid(), *os.getgroups())
    is_own = status.st_uid == os.geteuid() and is_member and status.st_nlink == 1
    is_writable = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    return path.is_file() and is_own and is_writable and not path.is_mount()


def _image_lines(export: CatalogExport) -> Iterator[bytes]:
    """Yield a line with the document of each image, and show the progress.

    An image that no document can describe is left out: prints an error, and adds 1 to
    `export.left_out`.
    """
    with Progress("dumping", export.count, " images") as progress:
        for number, (image, members) in enumerate(export, 1):
            try:
                yield render_image_and_members(image, members) + b"\n"
            except Invalid as error:
                print_error(f"image {image.id} is left out: {error}")
                export.left_out += 1
            progress.advance_to(number)


def list_lines(images: Iterable[bytes]) -> Iterator[bytes]:
    """Join the lines of single images to lists, and yield each list as a line.

    Lines end with a newline. A list ends with its 1,000th image, or with the image that makes it
    larger than 4 MiB. If `images` is empty, yields one empty list.
    """
    page: list[bytes] = []
    size, is_first = 0, True
    for image in images:
        page.append(image.rstrip())
        size += len(image)
        if len(page) == PAGE_IMAGES or size > PAGE_BYTES:
            yield _list_line(page)
            page, size, is_first = [], 0, False
    if page or is_first:
        yield _list_line(page)


def _list_line(images: Iterable[bytes]) -> bytes:
    return b'{"images":[' + b",".join(images) + b'],"schema":"/v2/schemas/images"}\n'
