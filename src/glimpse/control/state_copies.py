"""StateCopies: makes copies of a state directory as it was at the start."""

import os
import shutil
from pathlib import Path

_DATA = "data"  # the directory of image data


class StateCopies:
    """Makes copies of a state directory, in its parent directory.

    The state directory itself moves to the path ``first``. A symbolic link takes its place, so that
    commands with the old path use the present state; `link` sets where it leads. A first copy is
    made at the path ``original``, and nobody changes that copy. `make` makes further copies of
    ``original``.

    A change in one copy does not change the others, except in the shared directory, to which each
    copy has a link. Files of image data are hard links, because such a file is never changed, only
    replaced.
    """

    def __init__(self, state_dir: Path, shared: str) -> None:
        """Rename `state_dir` to ``first``, link the old path to that, and make ``original``.

        No process may use `state_dir` during this call. Also makes a directory named `shared`
        beside the copies; each copy has a symbolic link to it, with the same name. Raises OSError
        if a step fails; `state_dir` may then have the new name already.
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
        """Make a new copy of ``original``, and return the copy's path.

        The path of the state directory does not lead to the copy before the caller calls `link`.
        The caller removes the copy at the end. Do not call this method in two threads at a time. If
        the copy cannot be made, raises OSError and leaves no incomplete copy.
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
        """Make the path of the state directory a symbolic link to `copy`, atomically.

        Raises OSError if the link cannot be made; the previous link is then unchanged.
        """
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
