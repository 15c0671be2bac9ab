"""StateCopies: state directories that are copies of one as it was at the start."""

import os
import shutil
from pathlib import Path

_DATA = "data"  # the directory of image data


class StateCopies:
    """Makes copies of a state directory beside it; what happens in one does not change the others.

    ``original`` is the copy that the others are made of. Image data is not copied, but linked: a
    file of image data is never changed, only replaced.
    """

    def __init__(self, state_dir: Path) -> None:
        """Keep a copy of `state_dir` as the original. No process may use it now. Raises OSError."""
        self._parent = state_dir.parent
        self.original = self._parent / "original"
        self._number = 0
        self._copy(state_dir, self.original)

    def make(self) -> Path:
        """Return a new copy of the original. Raises OSError."""
        self._number += 1
        copy = self._parent / f"state-{self._number}"
        self._copy(self.original, copy)
        return copy

    @staticmethod
    def _copy(source: Path, target: Path) -> None:
        def copy_file(file: str, to: str) -> None:
            if Path(file).parent.name == _DATA:
                os.link(file, to)
            else:
                shutil.copy2(file, to)

        shutil.copytree(source, target, copy_function=copy_file)
