"""Cloud: a running Glimpse for tests. The function `cloud` starts and stops it."""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glimpse.cli.ephemeral_directory import abandonable_directory
from glimpse.testing.control_client import ControlClient
from glimpse.testing.faults import Faults
from glimpse.testing.recorded_requests import RecordedRequest
from glimpse.testing.server_process import CloudNotStarted, ServerProcess

if TYPE_CHECKING:
    from openstack.connection import Connection

    from glimpse.identity.embedded.directory import Directory

Seed = str | Path | Mapping[str, Any]
DEFAULT_USER = "demo"
_PREFIX = "glimpse-testing-"  # of directories: a killed process leaves its own to the next one


class Cloud:
    """A running Glimpse that serves the Compute, Image and Identity APIs; `cloud` starts one.

    ``compute_url`` ends with ``/v2.1``, and ``auth_url`` with ``/v3``. ``image_url`` has no
    version. ``log`` is the path of the server's log file, and ``pid`` the server's process id.
    ``faults`` adds and removes faults. `reset`, `requests`, `forget_requests` and the methods of
    ``faults`` raise ControlFailed if the cloud does not respond.
    """

    def __init__(self, process: ServerProcess, ready: Mapping[str, Any], directory: Path) -> None:
        """Make the object for a cloud that serves requests.

        `ready` is the result of `wait_until_ready`; `clouds_yaml` is written to `directory`.
        """
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
        """Restore the images, servers, users and faults that the cloud had at the start.

        Also empties ``requests``. Tokens of these users stay valid; a token that was revoked after
        the start is valid again. Requests in progress keep the old state until they end, but
        uploads that a fault with ``saving_for`` delays are cancelled. Takes 10 ms if the state is
        in memory. Raises ControlFailed if the reset fails.
        """
        self._control.call("POST", "/reset")

    @property
    def requests(self) -> list[RecordedRequest]:
        """The last requests to the APIs, at most 10,000, in the order in which they ended.

        `reset` and `forget_requests` forget the requests until then. Raises ControlFailed if the
        cloud does not respond.
        """
        found = self._control.call("GET", "/requests")["requests"]
        return [RecordedRequest(**each) for each in found]

    def forget_requests(self) -> None:
        """Forget all requests, so that ``requests`` is empty."""
        self._control.call("DELETE", "/requests")

    def environment(self, user: str = DEFAULT_USER) -> dict[str, str]:
        """Return the environment variables with which a user's clients log in (OS_AUTH_URL, ...).

        `user` is the name, in any case, of a user of the domain Default that the cloud had at its
        start. The variables name an enabled project in which the user has a role: the one with the
        user's name; if there is none, the first in alphabetical order.

        Raises NoCredentials (a LookupError) if the user is unknown or disabled, has a role in no
        enabled project, or has a password that is kept only as a hash.
        """
        # imported here, because many tests do not need it
        from glimpse.cli.client_credentials import client_variables  # noqa: PLC0415

        return client_variables(self._users, user, self._identity_url, self.region)

    @cached_property
    def clouds_yaml(self) -> Path:
        """The path of a clouds.yaml, which is written at the first use.

        The file has a cloud ``glimpse-USER`` for each user of the domain Default that could log in
        at the start, with the user's password. Only you can read the file. The file is removed with
        the cloud. Raises OSError if the file cannot be written.
        """
        # imported here, because many tests do not need it
        from glimpse.cli.client_credentials import render_clouds  # noqa: PLC0415

        path = self._directory / "clouds.yaml"
        path.touch(mode=0o600)
        path.write_text(render_clouds(self._users, self._identity_url, self.region))
        return path

    def connection(self, user: str = DEFAULT_USER, **options: Any) -> "Connection":
        """Return a connection of openstacksdk that logs in as `user`.

        `options` are options of ``openstack.connect``. An option that this method sets itself, such
        as ``username``, raises a TypeError. With options, each call makes a new connection. Without
        options, all calls for a user return the same connection, because a new connection takes
        0.2 s.

        Raises NoCredentials if the user cannot log in (`environment` lists the causes). Raises
        ImportError if openstacksdk is missing; the extra ``pytest`` installs openstacksdk.
        """
        if options or user not in self._connections:
            connection = self._connect(user, options)
            if options:
                return connection
            self._connections[user] = connection
        return self._connections[user]

    def _connect(self, user: str, options: Mapping[str, Any]) -> "Connection":
        """Return a new connection of openstacksdk, which ignores clouds.yaml and the environment.

        Raises NoCredentials if the user cannot log in, ImportError if openstacksdk is missing, and
        TypeError for an option that this method sets itself.
        """
        import openstack  # noqa: PLC0415  loads slowly; many tests do not need it

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
        """The users, projects and roles that the cloud had at its start.

        They are read from the file of credentials that the cloud wrote.
        """
        # imported here, because many tests do not need it
        from glimpse.identity.embedded.identity_document_parser import (  # noqa: PLC0415
            parse_directory,
        )

        return parse_directory(json.loads(self._credentials.read_bytes()))


class StartingCloud:
    """The process of a cloud that starts in the background.

    `wait` returns the cloud when the cloud serves requests. Call `stop` at the end, even if `wait`
    raises an exception.
    """

    def __init__(self, seed: Seed | None, arguments: Sequence[str]) -> None:
        """Start the process, with the `seed` and further `arguments` of ``glimpse serve``.

        Raises OSError if a file cannot be written or the process cannot be started, and TypeError
        if the content of a seed cannot be written as JSON. Then no process runs, and no file is
        left.
        """
        self._stack = ExitStack()
        temporary = abandonable_directory(Path(tempfile.gettempdir()), _PREFIX)
        self._directory = self._stack.enter_context(temporary)
        try:
            given = ["--ephemeral", "--control-port", "0", *_seed_arguments(seed, self._directory)]
            if "--standard-ports" not in arguments and "--port" not in arguments:
                given += ["--port", "0"]
            self._process = ServerProcess(self._directory, [*given, *arguments])
        except BaseException:
            self._stack.close()
            raise

    def wait(self) -> Cloud:
        """Wait until the cloud serves requests, and return the cloud.

        Raises CloudNotStarted if the process exits, does not serve within 60 seconds, or serves no
        Identity API. Then the process may still run: call `stop`.
        """
        ready = self._process.wait_until_ready()
        if "identity" not in ready:
            raise CloudNotStarted("A cloud needs auth_strategy embedded: nobody can log in to it.")
        return Cloud(self._process, ready, self._directory)

    def request_stop(self) -> None:
        """Begin to stop the process; return without waiting for its end. Call `stop` later."""
        self._process.request_stop()

    def stop(self) -> None:
        """Stop the process, wait for its end, and remove its files.

        The process has 20 seconds to end; then it is killed. A second call does nothing.
        """
        self._process.stop()
        self._stack.close()


@contextmanager
def cloud(seed: Seed | None = None, arguments: Sequence[str] = ()) -> Iterator[Cloud]:
    """Start a cloud; stop it and remove all its files at the end of the ``with`` statement.

    `seed` is the path of a seed file, or the content of one; docs/testing.md describes seeds. If
    `seed` is None, the cloud has the users admin, demo and alt, each with the password ``secret``,
    and no images. `arguments` are more arguments of ``glimpse serve``. The ports are free ones
    unless `arguments` has ``--port`` or ``--standard-ports``.

    Raises CloudNotStarted if the cloud cannot start, or does not serve within 60 seconds. The
    message has the end of the server's log, with the problems of the seed. Raises CloudNotStarted,
    too, if the auth_strategy is not ``embedded``. Raises OSError if a file
    cannot be written or the process cannot be started. Raises TypeError if the content of a seed
    cannot be written as JSON.
    """
    starting = StartingCloud(seed, arguments)
    try:
        yield starting.wait()
    finally:
        starting.stop()


def _seed_arguments(seed: Seed | None, directory: Path) -> list[str]:
    """Return the arguments of ``glimpse serve`` for a seed: ``--seed PATH``.

    If `seed` is a path, PATH is that path, made absolute. If `seed` is the content of a seed, PATH
    is a new file with this content in `directory`. None counts as an empty seed. Raises OSError if
    the file cannot be written, and TypeError if the content cannot be written as JSON.
    """
    if seed is None or isinstance(seed, Mapping):
        path = directory / "seed.json"
        path.write_text(json.dumps(seed or {}))
        return ["--seed", str(path)]
    return ["--seed", str(Path(seed).absolute())]
