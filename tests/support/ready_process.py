"""ReadyProcess: a ``glimpse serve`` that says in its ready file where it listens."""

import json
from pathlib import Path
from typing import Any

from tests.support.process import GlimpseProcess


class ReadyProcess(GlimpseProcess):
    """``glimpse serve`` on any port, with a ready file in `directory`, which says the port."""

    def __init__(self, directory: Path, *arguments: str) -> None:
        self.ready_file = directory / "ready.json"
        given = ["--ready-file", str(self.ready_file), "--port", "0", *arguments]
        super().__init__(directory / "state", arguments=given)
        if "--ephemeral" in arguments:
            self._arguments = ["serve", *given]

    def _listens(self) -> bool:
        return self.ready_file.exists()

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.ready_file.read_text())
        return document
