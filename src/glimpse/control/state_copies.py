"""StateCopies: makes copies of a state directory as it was at the start."""

import os
import shutil
from pathlib import Path

_DATA = "data"  # the directory of image data


class StateCopies:
    """Makes copies of a state directory, beside it. A change of one does not change the others.

    ``original`` is the copy that the others are made of, ``first`` the directory itself, which is
    renamed. `link` makes its path a symbolic link to one of the copies, so that commands which are
    given that path use the present state. Image data is not copied, but linked: a file of image
    data is never changed, only replaced.
    """

    def __init__(self, state_dir: Path, shared: str) -> None:
        """Keep a copy of `state_dir` as the original. No process may use it now. Raises OSError.

        `shared` names a directory in it that all copies share.
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
        """Make a new copy of the original, and return its directory. Raises OSError."""
        self._number += 1
        copy = self._numbered()
        self._copy(self.original, copy)
        return copy

    def link(self, copy: Path) -> None:
        """Make the path of the state directory lead to `copy`, atomically. Raises OSError."""
        new = self._path.with_name("new-link")
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
