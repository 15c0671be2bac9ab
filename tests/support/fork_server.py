"""Starts ``glimpse`` as a fork of a process that has the modules loaded.

A start takes 0.4 CPU seconds, of which imports are 0.3, and the tests start hundreds of processes.
Session, environment, directory, streams and signals are as after a start with subprocess.Popen.
"""

import atexit
import functools
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path

_REQUEST = 1024 * 1024  # bytes at most
_RESULT = 64  # bytes of a process id or an exit status, in decimal
_DESCRIPTORS = 1024  # far more than the fork server has open
# `asgi` and `__main__` run something; prometheus_client decides by the environment when imported.
_NOT_LOADED = ("glimpse.__main__", "glimpse.asgi", "glimpse.telemetry.metrics")
_LOADED_WHEN_SERVING = ("anyio._backends._asyncio", "uvicorn.lifespan.on", "keystoneauth1.loading")


class ForkedProcess:
    """A process of the fork server, with the methods of subprocess.Popen that tests use."""

    def __init__(self, results: socket.socket, arguments: Sequence[str]) -> None:
        """`results` carries the process id and, once the process has ended, its exit status."""
        self._results = results
        weakref.finalize(self, results.close)  # also if nobody waits for the process
        self._arguments = list(arguments)
        self._status: int | None = None
        self.pid = int(results.recv(_RESULT))

    def poll(self) -> int | None:
        """Return the exit status as `wait` does, or None while the process runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status, negative for a signal; raise TimeoutExpired after `timeout` s."""
        if self._status is None:
            self._results.settimeout(timeout)
            try:
                self._status = int(self._results.recv(_RESULT))
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired(self._arguments, timeout or 0) from None
            self._results.close()
        return self._status

    def terminate(self) -> None:
        """Send SIGTERM, unless the process has ended."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGTERM)


def fork(
    arguments: Sequence[str], environment: Mapping[str, str], streams: tuple[int, int, int]
) -> ForkedProcess:
    """Start ``glimpse`` with `arguments`.

    `streams` are the file descriptors of its standard input, output and error.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        request = json.dumps([list(arguments), dict(environment), str(Path.cwd())]).encode()
        socket.send_fds(_server(), [request], [*streams, theirs.fileno()])
    return ForkedProcess(ours, arguments)


@functools.cache
def _server() -> socket.socket:
    """Start the fork server, once for this process; return the socket for requests to it.

    The fork server exits with this process.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        descriptor = theirs.fileno()
        server = subprocess.Popen(
            [sys.executable, "-m", __name__, str(descriptor)],
            cwd=Path(__file__).parent.parent.parent,
            pass_fds=[descriptor],
            stdin=subprocess.DEVNULL,
        )

    def stop() -> None:
        ours.close()
        server.wait()

    atexit.register(stop)
    return ours


def _load_modules() -> None:
    for module in pkgutil.walk_packages(importlib.import_module("glimpse").__path__, "glimpse."):
        if module.name not in _NOT_LOADED:
            importlib.import_module(module.name)
    for name in _LOADED_WHEN_SERVING:
        importlib.import_module(name)
    # Otherwise each process collects, and by that copies, all of this again: 0.12 CPU seconds.
    gc.collect()
    gc.freeze()


def _serve_forks(requests: socket.socket) -> bool:
    """Fork a process for each request.

    Returns True in each forked process, and False in the fork server when the requests end.
    """
    reporting: set[int] = set()
    while True:
        request, descriptors, _, _ = socket.recv_fds(requests, _REQUEST, 4)
        reporting -= {pid for pid in reporting if os.waitpid(pid, os.WNOHANG)[0]}
        if not request:
            return False
        reporting.add(reporter := os.fork())
        if reporter == 0:
            pid = os.fork()
            if pid == 0:
                _become_process(request, descriptors[:3])
                return True
            _report(pid, descriptors[3])
        for descriptor in descriptors:
            os.close(descriptor)


def _report(pid: int, results: int) -> None:
    """Send the process id now and the exit status when the process has ended; then exit."""
    os.write(results, str(pid).encode())
    _, status = os.waitpid(pid, 0)
    os.write(results, str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become_process(request: bytes, streams: Sequence[int]) -> None:
    """Make this process a ``glimpse``: session, streams, environment, directory, arguments."""
    arguments, environment, directory = json.loads(request)
    os.setsid()
    for descriptor, stream in enumerate(streams):
        os.dup2(stream, descriptor)
    os.closerange(3, _DESCRIPTORS)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(directory)
    sys.argv = ["glimpse", *arguments]


if __name__ == "__main__":
    _load_modules()
    server_socket = socket.socket(fileno=int(sys.argv[1]))
    if _serve_forks(server_socket):
        server_socket.detach()
        from glimpse.cli.main import main

        raise SystemExit(main())
