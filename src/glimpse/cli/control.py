"""open_control: listens for the control API of ``glimpse serve``, and makes its tools."""

import argparse
import secrets
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import NamedTuple

from glimpse.app.reload import ReloadableApplication
from glimpse.app.testing_tools import middleware_for_tests
from glimpse.cli.errors import CommandFailed
from glimpse.cli.listening_sockets import open_socket
from glimpse.cli.running_servers import RUNNING
from glimpse.control.control_api import ControlTools
from glimpse.control.request_log import RequestLog
from glimpse.control.resettable_application import ResettableApplication
from glimpse.control.state_copies import StateCopies
from glimpse.faults.active_faults import ActiveFaults
from glimpse.faults.rules import FaultRule
from glimpse.server.worker import ServedApplication
from glimpse.settings import Settings

_HOST = "127.0.0.1"  # no other machine can connect: a client can reset the cloud


class ControlSetup(NamedTuple):
    """What ``glimpse serve`` needs to serve the control API and to cause the faults of a seed.

    ``listener`` is the socket of the control API; None if there is no control API, but only faults.
    ``token`` is the token that clients of the control API send. ``tools`` are the faults and the
    request log that the control API shows and changes. ``copies`` makes the copies of the state
    directory for resets; None if clients cannot reset the cloud.
    """

    listener: socket.socket | None
    token: str
    tools: ControlTools
    copies: StateCopies | None

    @property
    def sockets(self) -> list[socket.socket]:
        """The socket of the control API in a list; empty if there is no control API."""
        return [] if self.listener is None else [self.listener]

    def make_application(self, settings: Settings) -> ServedApplication:
        """Make the application that the process serves: the APIs, and the control API if any.

        If clients can reset the cloud, the application uses the state directory ``copies.first``,
        not that of `settings`.
        """
        if self.copies is not None:
            server = replace(settings.server, state_dir=self.copies.first)
            settings = replace(settings, server=server)
        application = ReloadableApplication(settings, middleware_for_tests(self.tools))
        if self.listener is None:
            return application
        port = self.listener.getsockname()[1]
        return ResettableApplication(application, port, self.token, self.tools, self.copies)


def open_control(
    options: argparse.Namespace, settings: Settings, faults: Sequence[FaultRule], stack: ExitStack
) -> ControlSetup:
    """Make the tools for tests, and listen at --control-port if it is given.

    `faults` are the faults of the seed. Closing `stack` closes the socket. With --ephemeral and
    --control-port, renames the state directory, puts a symbolic link in its place, and copies it,
    so that clients can reset the cloud.

    Raises CommandFailed if the port cannot be used, or if --control-port is given without
    --ready-file. Raises CommandFailed if there are several workers, because each worker would have
    its own faults. Raises OSError if the state directory cannot be renamed or copied.
    """
    port = options.control_port
    if port is not None and options.ready_file is None:
        raise CommandFailed("--control-port needs --ready-file, which has the token of its API.")
    if settings.server.workers > 1:
        raise CommandFailed("faults and --control-port need one process: leave --workers out.")
    listener = None if port is None else stack.enter_context(open_socket(_HOST, port))
    has_resets = options.ephemeral and listener is not None
    copies = StateCopies(settings.server.state_dir, RUNNING) if has_resets else None
    tools = ControlTools(ActiveFaults(faults), RequestLog())
    return ControlSetup(listener, secrets.token_urlsafe(24), tools, copies)
