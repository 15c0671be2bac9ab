"""The state directory of ``glimpse serve`` with --seed or --ephemeral."""

import argparse
import asyncio
import shutil
from contextlib import ExitStack, nullcontext, suppress
from pathlib import Path

from glimpse.app.embedded_options import embedded_options
from glimpse.cli.ephemeral_directory import ephemeral_directory
from glimpse.cli.errors import CommandFailed
from glimpse.cli.progress import Progress
from glimpse.cli.standard_streams import print_error
from glimpse.cli.state_lock import LOCK_FILE, StateLock
from glimpse.embedded.directory_store import StorageFull
from glimpse.embedded.sqlite.schema import UnusableCatalog
from glimpse.faults.rules import FaultRule
from glimpse.files.syncing import do_without_syncing
from glimpse.identity.embedded.private_files import InvalidStateFile, make_private_directory
from glimpse.images.errors import ImageServiceError
from glimpse.seed.apply import apply_seed, read_seed
from glimpse.seed.errors import InvalidSeed
from glimpse.seed.image_data import data_size
from glimpse.seed.seed import Seed
from glimpse.settings import Settings

_STATE_DIR = "glimpse.state_dir"  # the attribute of `options` that --state-dir sets
_MARK = ".seeded"  # a file in a state directory that was filled from a seed
_EPHEMERAL_STATE = "state"  # in the ephemeral directory
_MUCH_DATA = 256 * 2**20  # bytes, which take a second or more
_LESS_DATA = "give images a status and a size in place of data"


def prepare_state(
    options: argparse.Namespace, settings: Settings, stack: ExitStack, lock: StateLock
) -> tuple[FaultRule, ...]:
    """Prepare the state directory for --seed and --ephemeral; return the faults of the seed.

    With --ephemeral, makes a temporary state directory, whose files are not synced to the disk.
    Changes `options` to name that directory, so the caller must read the settings again. Closing
    `stack` removes the directory.

    With --seed, replaces all state in the state directory by that of the seed. Without --ephemeral,
    first locks the directory with `lock`; raises CommandFailed if the directory has state that no
    seed has made.

    Raises CommandFailed or InvalidSettings if the arguments, the seed or the directory cannot be
    used; the state is then unchanged. Raises CommandFailed if the state cannot be written, as on a
    full disk, or if a data file of the seed can no longer be read; all state is then removed, as
    also after an interrupt. Raises OSError if a directory cannot be made, read or emptied.
    """
    if settings.image_service != "embedded" or settings.api.auth_strategy == "keystone":
        raise CommandFailed("--seed and --ephemeral need the embedded services, not a gateway.")
    if options.ephemeral and getattr(options, _STATE_DIR) is not None:
        raise CommandFailed("--ephemeral keeps nothing: leave --state-dir out, or --ephemeral.")
    seed = _read(options.seed, settings) if options.seed is not None else None
    state_dir = settings.server.state_dir
    if options.ephemeral:
        state_dir = stack.enter_context(ephemeral_directory()) / _EPHEMERAL_STATE
        setattr(options, _STATE_DIR, str(state_dir))
        make_private_directory(state_dir)
        do_without_syncing(state_dir)
    elif seed is not None:
        _require_replaceable(state_dir)
        lock.acquire(state_dir)
        _require_replaceable(state_dir)  # another process may have used it before the lock
        _empty(state_dir)
    if seed is not None:
        _write(seed, options.seed, state_dir, settings)
    return seed.faults if seed is not None else ()


def _read(path: Path, settings: Settings) -> Seed:
    """Return the seed in the file `path`.

    Raises CommandFailed if the file or the seed is unusable, and InvalidSettings for unusable
    options of [import].
    """
    try:
        return read_seed(path, embedded_options(settings))
    except OSError as error:
        raise CommandFailed(f"cannot read {path}: {error.strerror}") from None
    except InvalidSeed as error:
        raise CommandFailed(*error.lines) from None


def _write(seed: Seed, path: Path, state_dir: Path, settings: Settings) -> None:
    """Fill a state directory from `seed`; `path` is the seed's file, for messages.

    If writing fails or is interrupted, empties the directory, because a part of a cloud would be
    served like a whole cloud. Raises CommandFailed if a data file of the seed cannot be read, or if
    the state cannot be written. An interrupt raises KeyboardInterrupt or SystemExit.
    """
    try:
        asyncio.run(_fill(seed, state_dir, settings))
    except (ImageServiceError, InvalidStateFile, UnusableCatalog, OSError) as error:
        with suppress(OSError):  # the first error is the reason to report
            _empty(state_dir)
        hint = f" Free some space, or {_LESS_DATA}." if isinstance(error, StorageFull) else ""
        raise CommandFailed(f"cannot write the seed {path} to {state_dir}: {error}{hint}") from None
    except BaseException:
        with suppress(OSError):
            _empty(state_dir)
        raise


async def _fill(seed: Seed, state_dir: Path, settings: Settings) -> None:
    """Fill a state directory from a seed; show the progress from 256 MiB of data on.

    Raises OSError if a file of data cannot be read. Raises OSError, InvalidStateFile,
    UnusableCatalog or an ImageServiceError if the directory cannot be used; the directory may then
    have a part of the seed.
    """
    size = sum(data_size(image) for image in seed.images)
    if size >= _MUCH_DATA:
        print_error(f"writing {size // 2**20} MiB of image data; to start at once, {_LESS_DATA}")
    with Progress("seeding", size, "B") if size >= _MUCH_DATA else nullcontext() as progress:
        advance = progress.advance_to if progress is not None else None
        await apply_seed(seed, state_dir, embedded_options(settings), advance)


def _require_replaceable(state_dir: Path) -> None:
    """Raise CommandFailed if a directory has a state that was not made by a seed.

    Accepts a missing directory, and a directory with nothing but a lock. Raises OSError if the
    directory cannot be read.
    """
    is_new = not state_dir.exists() or all(each.name == LOCK_FILE for each in state_dir.iterdir())
    if not is_new and not (state_dir / _MARK).exists():
        raise CommandFailed(
            f"{state_dir} has a cloud that the seed would replace: use --ephemeral, or --state-dir "
            "with a new directory."
        )


def _empty(state_dir: Path) -> None:
    """Remove everything in a state directory except its lock, and mark it as made by a seed.

    The mark is an empty file, which is made first. A symbolic link is removed, but not the file to
    which the link leads. Raises OSError if the directory does not exist or a file cannot be
    removed.
    """
    (state_dir / _MARK).touch()
    for path in state_dir.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name not in (_MARK, LOCK_FILE):
            path.unlink()
