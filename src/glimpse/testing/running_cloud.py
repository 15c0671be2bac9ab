"""Cloud: a running Glimpse and what a test needs of it. The function `cloud` starts one."""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glimpse.testing.control_client import ControlClient
from glimpse.testing.faults import Faults
from glimpse.testing.recorded_requests import RecordedRequest
from glimpse.testing.server_process import ServerProcess

if TYPE_CHECKING:
    from openstack.connection import Connection

    from glimpse.identity.embedded.directory import Directory

Seed = str | Path | Mapping[str, Any]
DEFAULT_USER = "demo"


class Cloud:
    """A running Glimpse that serves the Compute, Image and Identity APIs. `cloud` starts one.

    ``compute_url`` ends with ``/v2.1``, ``auth_url`` with ``/v3``; ``image_url`` has no version.
    ``log`` is the file that the server logs to, ``pid`` its process id. ``faults`` adds and removes
    faults. What calls the control API raises ControlFailed if the cloud does not respond: `reset`,
    `requests`, `forget_requests` and ``faults``.
    """

    def __init__(self, process: ServerProcess, ready: Mapping[str, Any], directory: Path) -> None:
        """`ready` is the content of the ready file; files are made in `directory`."""
        self.compute_url: str = ready["compute"]
        self.image_url: str = ready["image"]
        self.auth_url: str = ready["identity"]
        self.region: str = ready["region"]
        self.pid: int = ready["pid"]
        self.log = process.log
        self._credentials = Path(ready["credentials"])
        self._directory = directory
        self._control = ControlClient(ready["control"]["url"], ready["control"]["token"])
        self._connections: dict[str, Connection] = {}
        self.faults = Faults(self._control)

    def reset(self) -> None:
        """Make the cloud as it was at the start: its images, servers, users and faults.

        Empties ``requests``. Tokens stay valid. Requests in progress end in the old state. Takes
        10 ms if the state is in memory.
        """
        self._control.call("POST", "/reset")

    @property
    def requests(self) -> list[RecordedRequest]:
        """The last 10,000 requests to the APIs since the start or the last reset, in order."""
        found = self._control.call("GET", "/requests")["requests"]
        return [RecordedRequest(**each) for each in found]

    def forget_requests(self) -> None:
        """Make ``requests`` empty."""
        self._control.call("DELETE", "/requests")

    def environment(self, user: str = DEFAULT_USER) -> dict[str, str]:
        """Return the variables with which a user's clients log in: OS_AUTH_URL and others.

        `user` is one that the cloud had at its start. The project is that of the user's own name if
        there is one, otherwise the first. Raises NoCredentials (a LookupError) for a user who is
        unknown or disabled, or has no project.
        """
        from glimpse.cli.client_credentials import client_variables  # noqa: PLC0415  a test may do without

        return client_variables(self._users, user, self._identity_url, self.region)

    @cached_property
    def clouds_yaml(self) -> Path:
        """The path of a clouds.yaml with a cloud ``glimpse-USER`` for each user of the start."""
        from glimpse.cli.client_credentials import render_clouds  # noqa: PLC0415  a test may do without

        path = self._directory / "clouds.yaml"
        path.touch(mode=0o600)
        path.write_text(render_clouds(self._users, self._identity_url, self.region))
        return path

    def connection(self, user: str = DEFAULT_USER, **options: Any) -> "Connection":
        """Return a connection of openstacksdk that logs in as a user of the start.

        Without `options`, it is the same one at each call, also after a reset: a new one takes
        0.2 s. With `options`, which are those of ``openstack.connect``, it is a new one. Needs
        openstacksdk, which is in the extra ``pytest``. Raises NoCredentials as `environment` does.
        """
        if options or user not in self._connections:
            connection = self._connect(user, options)
            if options:
                return connection
            self._connections[user] = connection
        return self._connections[user]

    def _connect(self, user: str, options: Mapping[str, Any]) -> "Connection":
        """Return a new connection of openstacksdk."""
        import openstack  # noqa: PLC0415  loads slowly, and a test may do without

        given = self.environment(user)
        return openstack.connect(
            load_yaml_config=False,
            load_envvars=False,
            auth_url=self.auth_url,
            username=given["OS_USERNAME"],
            password=given["OS_PASSWORD"],
            project_name=given["OS_PROJECT_NAME"],
            user_domain_name=given["OS_USER_DOMAIN_NAME"],
            project_domain_name=given["OS_PROJECT_DOMAIN_NAME"],
            region_name=self.region,
            identity_api_version="3",
            **options,
        )

    @property
    def _identity_url(self) -> str:
        return self.auth_url.removesuffix("/v3")

    @cached_property
    def _users(self) -> "Directory":
        """The users of the start."""
        from glimpse.identity.embedded.identity_document_parser import (  # noqa: PLC0415  a test may do without
            parse_directory,
        )

        return parse_directory(json.loads(self._credentials.read_bytes()))


class StartingCloud:
    """The process of a cloud, which starts while its caller does something else.

    `wait` returns the cloud when it serves requests. Call `stop` at the end, in any case.
    """

    def __init__(self, seed: Seed | None, arguments: Sequence[str]) -> None:
        """Start the process; `cloud` describes the arguments. Raises OSError."""
        self._temporary = tempfile.TemporaryDirectory(prefix="glimpse-testing-")
        self._directory = Path(self._temporary.name)
        given = ["--ephemeral", "--control-port", "0", *_seed_arguments(seed, self._directory)]
        if "--standard-ports" not in arguments and "--port" not in arguments:
            given += ["--port", "0"]
        self._process = ServerProcess(self._directory, [*given, *arguments])

    def wait(self) -> Cloud:
        """Return the cloud as soon as it serves requests. Raises CloudNotStarted."""
        return Cloud(self._process, self._process.wait_until_ready(), self._directory)

    def request_stop(self) -> None:
        """Begin to stop the process; `stop` waits for its end."""
        self._process.request_stop()

    def stop(self) -> None:
        """Stop the process, and remove its files."""
        self._process.stop()
        self._temporary.cleanup()


@contextmanager
def cloud(seed: Seed | None = None, arguments: Sequence[str] = ()) -> Iterator[Cloud]:
    """Start a cloud; at the end, stop it and remove all its files.

    `seed` is the path of a seed, or its content; docs/testing.md describes it. Without one, there
    are the users admin, demo and alt, each with the password ``secret``, and no images. `arguments`
    are more arguments of ``glimpse serve``, such as ``--standard-ports``. Raises CloudNotStarted,
    whose message has all problems of the seed.
    """
    starting = StartingCloud(seed, arguments)
    try:
        yield starting.wait()
    finally:
        starting.stop()


def _seed_arguments(seed: Seed | None, directory: Path) -> list[str]:
    """Return the arguments of ``glimpse serve`` for a seed: ``--seed PATH``.

    The path of a seed is used as it is. The content of one is written to a file in `directory`.
    None is an empty seed, whose users have known passwords. Raises OSError.
    """
    if seed is None or isinstance(seed, Mapping):
        path = directory / "seed.json"
        path.write_text(json.dumps(seed or {}))
        return ["--seed", str(path)]
    return ["--seed", str(Path(seed).absolute())]
