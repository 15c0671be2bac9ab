"""What ``glimpse check`` finds out about a configuration, line by line."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from pathlib import Path

from glimpse.cli.finding import Finding
from glimpse.embedded.sqlite.schema import UnusableCatalog, connect
from glimpse.http.healthcheck import Healthcheck
from glimpse.identity.embedded import directory
from glimpse.identity.embedded.directory_file import FILE_NAME
from glimpse.identity.embedded.private_files import why_not_private
from glimpse.identity.noauth import RemoteNoAuthRefused, check_noauth_bind
from glimpse.server.listening_socket import listen
from glimpse.settings import Metrics, Settings
from glimpse.telemetry.log_setup import log_path


def check(settings: Settings) -> Iterator[Finding]:
    """Yield what would work and what would not; changes nothing but a missing state directory."""
    yield _address("", settings.server.host, settings.server.port)
    if settings.metrics.port:
        yield _scrapes(settings.metrics)
    yield from _state(settings.server.state_dir)
    yield from _log_file(settings)
    if settings.image_service == "glance":
        yield from _gateway(settings)
    else:
        yield from _catalog(settings.server.state_dir)
        yield _authentication(settings)
    yield _policy(settings)
    yield _health(settings)
    yield from (Finding(None, note) for note in settings.notes)
    yield Finding(
        True,
        f"microversions up to {settings.api.max_microversion} are answered, "
        f"{settings.api.advertised_microversion} is advertised",
    )


def _address(what: str, host: str, port: int) -> Finding:
    try:
        with listen(host, port):
            return Finding(True, f"{what}{host}:{port} is free to listen on")
    except OSError as error:
        return Finding(False, f"{what}cannot listen on {host}:{port}: {error.strerror}")


def _scrapes(metrics: Metrics) -> Finding:
    finding = _address("metrics: ", metrics.host, metrics.port)
    if not finding.good and not metrics.required:
        return finding._replace(good=None)  # a port that nobody asked for
    return finding


def _gateway(settings: Settings) -> Iterator[Finding]:
    from glimpse.cli.check_gateway import check_gateway  # noqa: PLC0415  only gateways need it

    findings = check_gateway(settings)
    with asyncio.Runner() as runner:  # so that each line is there as soon as it is known
        while (finding := runner.run(_next(findings))) is not None:
            yield finding


async def _next(findings: AsyncIterator[Finding]) -> Finding | None:
    return await anext(findings, None)


def _state(place: Path) -> Iterator[Finding]:
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        yield Finding(False, f"the state directory {place} cannot be made: {error.strerror}")
        return
    if not os.access(place, os.W_OK):
        yield Finding(False, f"the state directory {place} is not writable")
        return
    if (reason := why_not_private(place)) is not None:
        yield Finding(False, f"the state directory {place} cannot be used: {reason}")
        return
    yield Finding(True, f"state is kept in {place}")


def _log_file(settings: Settings) -> Iterator[Finding]:
    path = log_path(settings.server)
    if path is None:
        return
    if not os.access(path if path.exists() else path.parent, os.W_OK) or path.is_dir():
        yield Finding(False, f"the log file {path} cannot be written")
    else:
        yield Finding(True, f"logs go to {path}")


def _catalog(place: Path) -> Iterator[Finding]:
    try:
        connection = connect(place / "catalog.sqlite")
        (count,) = connection.execute("SELECT count(*) FROM images").fetchone()
        connection.close()
    except UnusableCatalog as error:
        yield Finding(False, str(error))
    else:
        yield Finding(True, f"the catalog opens and holds {count} images")


def _authentication(settings: Settings) -> Finding:
    strategy = settings.api.auth_strategy
    if strategy != "noauth":
        return _identity(settings.server.state_dir / FILE_NAME)
    try:
        check_noauth_bind(settings.server.host, settings.api.allow_remote_noauth)
    except RemoteNoAuthRefused as error:
        return Finding(False, str(error))
    return Finding(True, "noauth: whoever reaches this address is believed to be who they say")


def _identity(file: Path) -> Finding:
    try:
        if file.exists():
            directory.parse(directory.completed(directory.decode(file.read_bytes())))
    except (OSError, directory.InvalidDirectory) as error:
        return Finding(False, f"{file} cannot be used: {error}")
    return Finding(True, "users and tokens are kept in the state directory")


def _policy(settings: Settings) -> Finding:
    policy_file = settings.policy.policy_file
    if policy_file is None and not settings.policy.policy_dirs:
        return Finding(True, "no policy file: permissions are those of Glance's default policy")
    from glimpse.app.policy_files import InvalidPolicyFile, PolicyFiles  # noqa: PLC0415  slow

    try:
        rules = PolicyFiles(policy_file, settings.policy.policy_dirs).names()
    except InvalidPolicyFile as error:
        return Finding(False, str(error))
    place = policy_file or ", ".join(settings.policy.policy_dirs)
    if not rules:
        return Finding(True, f"the policy file {place} has no rule for images: it changes nothing")
    return Finding(True, f"the policy file {place} is used for {', '.join(rules)}")


def _health(settings: Settings) -> Finding:
    try:
        results = Healthcheck(**asdict(settings.healthcheck)).check(settings.server.port)
    except ValueError as error:
        return Finding(False, str(error))
    reasons = ", ".join(result.reason for result in results) or "nothing"
    return Finding(True, f"{settings.healthcheck.path} says {reasons}")
