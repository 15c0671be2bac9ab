"""StateCopies: makes copies of a state directory as it was at the start."""

import os
import shutil
from pathlib import Path

_DATA = "data"  # the directory of image data


class StateCopies:
    """Makes copies of a state directory, beside it. A change of one does not change the others.

    ``original`` is the copy that the others are made of. Image data is not copied, but linked: a
    file of image data is never changed, only replaced.
    """

    def __init__(self, state_dir: Path) -> None:
        """Copy `state_dir` to `original`. No process may write to it meanwhile.

        Raises OSError.
        """
        self._parent = state_dir.parent
        self.original = self._parent / "original"
        self._number = 0
        self._copy(state_dir, self.original)

    def make(self) -> Path:
        """Make a new copy of the original, and return its directory. Raises OSError."""
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
