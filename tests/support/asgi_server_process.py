"""AsgiServerProcess: the application in an ASGI server other than `glimpse serve`."""

import sys
from pathlib import Path

from tests.support.process import GlimpseProcess, ServerProcess, free_port

APPLICATION = "glimpse.asgi:application"
UVICORN = ("uvicorn", "--port", "{}", APPLICATION)


class AsgiServerProcess(GlimpseProcess):
    """An ASGI server for the application, with a state directory, which it does not lock."""

    def __init__(
        self, state_dir: Path, command: tuple[str, ...] = UVICORN, sections: str = ""
    ) -> None:
        """`command` is a module and its arguments, with {} for the port.

        `sections` are the sections of its configuration but ``[glimpse]``.
        """
        port = free_port()
        conf = state_dir.parent / f"{command[0]}.conf"
        conf.write_text(f"[glimpse]\nstate_dir = {state_dir}\n{sections}")
        self.state_dir = state_dir
        ServerProcess.__init__(
            self,
            [sys.executable, "-m", *(part.format(port) for part in command)],
            port,
            state_dir.parent / f"{command[0]}.log",
            environment={"GLIMPSE_CONFIG_FILES": str(conf)},
        )
