"""StateCopies: makes copies of a state directory as it was at the start."""

import os
import shutil
from pathlib import Path

_DATA = "data"  # the directory of image data


class StateCopies:
    """Makes copies of a state directory, in its parent directory.

    A change in one copy does not change the other copies. Files of image data are hard links in all
    copies: such a file is never changed, only replaced.

    ``first`` is the state directory itself, under a new name. ``original`` is a copy that stays
    unchanged; `make` copies it. The path of the state directory becomes a symbolic link, so that
    commands with that path use the present state. `link` sets the symbolic link.
    """

    def __init__(self, state_dir: Path, shared: str) -> None:
        """Rename `state_dir`, copy it, and make a symbolic link in its place. Raises OSError.

        No process may use `state_dir` during this call. `shared` is the name of a new directory
        beside the copies. Each copy has a symbolic link of that name to the directory.
        """
        self._path = state_dir
        self._number = 0
        self.original = state_dir.parent / "original"
        self.first = state_dir.rename(self._numbered())
        (state_dir.parent / shared).mkdir(mode=0o700)
        (self.first / shared).symlink_to(Path("..") / shared)
        self._copy(self.first, self.original)
        self.link(self.first)

    def make(self) -> Path:
        """Make a new copy of the original, and return the copy's path.

        Raises OSError if the copy cannot be made, and removes the part that was copied.
        """
        self._number += 1
        copy = self._numbered()
        try:
            self._copy(self.original, copy)
        except BaseException:
            shutil.rmtree(copy, ignore_errors=True)
            raise
        return copy

    def link(self, copy: Path) -> None:
        """Make the path of the state directory a link to `copy`, atomically. Raises OSError."""
        new = self._path.with_name("new-link")
        new.unlink(missing_ok=True)  # of a call that failed
        new.symlink_to(copy.name)
        new.replace(self._path)

    def _numbered(self) -> Path:
        return self._path.with_name(f"{self._path.name}-{self._number}")

    @staticmethod
    def _copy(source: Path, target: Path) -> None:
        def copy_file(file: str, to: str) -> None:
            if Path(file).parent.name == _DATA:
                os.link(file, to)
            else:
                shutil.copy2(file, to)

        shutil.copytree(source, target, symlinks=True, copy_function=copy_file)
