"""``glimpse check``: test whether a configuration would work, and print what it means."""

import argparse
import asyncio
import logging
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from pathlib import Path

from glimpse.cli.api_listeners import api_listeners
from glimpse.cli.directory_check import directory_problem
from glimpse.cli.errors import CommandFailed
from glimpse.cli.finding import Finding, print_findings
from glimpse.cli.listening_sockets import open_socket
from glimpse.cli.running_servers import find_running_server
from glimpse.cli.settings_arguments import (
    add_log_argument,
    add_settings_arguments,
    read_settings,
)
from glimpse.http.healthcheck import Healthcheck
from glimpse.server.file_descriptors import limit_problem
from glimpse.settings import InvalidSettings, Metrics, Settings
from glimpse.telemetry.log_setup import log_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``glimpse check``: the settings, --log-file, --no-bind and --json."""
    add_settings_arguments(parser)
    add_log_argument(parser)
    parser.add_argument(
        "--no-bind",
        action="store_true",
        help="do not try to listen: beside a process that serves, which has the ports",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help='print {"ok": ..., "findings": [{"severity": ..., "text": ...}]} at the end; the '
        "severities are ok, note and FAIL",
    )


def run(options: argparse.Namespace) -> int:
    """Print a line for each finding; return 1 if a finding is a FAIL, otherwise 0.

    With --json, prints one JSON object with all findings at the end instead. Logs nothing. Raises
    InvalidSettings for invalid settings, the OSError of `check`, CommandFailed if the output cannot
    be written, and BrokenPipeError if the output is a pipe that nobody reads.
    """
    settings = read_settings(options)
    logging.disable()  # each error is a finding
    try:
        is_ok = print_findings(check(settings, bind=not options.no_bind), as_json=options.json)
    finally:
        logging.disable(logging.NOTSET)
    return 0 if is_ok else 1


def check(settings: Settings, *, bind: bool = True) -> Iterator[Finding]:
    """Yield findings about everything that ``glimpse serve`` needs.

    Yields each finding as soon as it is known. Calls the services of a gateway. If `bind` is True,
    listens at each address for a moment. Changes no file. Leaves no new file, except lock files if
    [coordination] names a directory for them. A problem is a finding with the severity "FAIL" or
    "note", not an error. Raises OSError only if this process may not search a directory or, for a
    gateway, cannot make a temporary directory.
    """
    if (problem := limit_problem()) is not None:
        yield Finding("FAIL", problem)
    yield from _running_server(settings, bind=bind)
    if bind:
        yield from _api_addresses(settings)
        if settings.metrics.port:
            yield _scrapes(settings.metrics)
    yield _state(settings.server.state_dir)
    yield from _log_file(settings)
    if settings.image_service == "glance":
        yield from _gateway(settings)
    else:
        from glimpse.cli.check_embedded import check_embedded  # noqa: PLC0415  not for gateways

        yield from check_embedded(settings)
    yield _policy(settings)
    yield from _link_prefixes(settings)
    yield _health(settings)
    yield from (Finding("note", message) for message in settings.ineffective_options)
    yield Finding(
        "ok",
        f"requests may name microversions up to {settings.api.max_microversion}; "
        f"version discovery names {settings.api.advertised_microversion}",
    )


def _running_server(settings: Settings, *, bind: bool) -> Iterator[Finding]:
    server = find_running_server(settings.server.state_dir)
    if server is not None:
        advice = ": use --no-bind, so that its ports are not tried" if bind else ""
        yield Finding(
            "note",
            f"process {server.pid} serves with this state directory, on {server.host}:"
            f"{server.port}{advice}",
        )


def _api_addresses(settings: Settings) -> Iterator[Finding]:
    compute, *others = api_listeners(settings)
    yield _address("", settings.server.host, compute.port)
    for listener in others:
        yield _address(f"{listener.api}: ", settings.server.host, listener.port)


def _address(what: str, host: str, port: int) -> Finding:
    try:
        with open_socket(host, port):
            return Finding("ok", f"{what}{host}:{port} is free to listen on")
    except CommandFailed as error:
        return Finding("FAIL", f"{what}{error}")


def _scrapes(metrics: Metrics) -> Finding:
    finding = _address("metrics: ", metrics.host, metrics.port)
    if finding.severity == "FAIL" and not metrics.is_required:
        return Finding("note", f"{finding.text}; there would be no metrics")
    return finding


def _gateway(settings: Settings) -> Iterator[Finding]:
    from glimpse.cli.check_gateway import check_gateway  # noqa: PLC0415  only for gateways

    findings = check_gateway(settings)
    with asyncio.Runner() as runner:  # so that each line is printed as soon as it is known
        while (finding := runner.run(_next(findings))) is not None:
            yield finding


async def _next(findings: AsyncIterator[Finding]) -> Finding | None:
    return await anext(findings, None)


def _state(state_dir: Path) -> Finding:
    problem = directory_problem(state_dir)
    if problem is not None:
        return Finding("FAIL", f"the state directory {state_dir} cannot be used: {problem}")
    return Finding("ok", f"state is kept in {state_dir}")


def _log_file(settings: Settings) -> Iterator[Finding]:
    path = log_path(settings.server)
    if path is None:
        return
    if not os.access(path if path.exists() else path.parent, os.W_OK) or path.is_dir():
        yield Finding("FAIL", f"the log file {path} cannot be written")
    else:
        yield Finding("ok", f"logs go to {path}")


def _policy(settings: Settings) -> Finding:
    policy_file = settings.policy.policy_file
    if policy_file is None and not settings.policy.policy_dirs:
        return Finding(
            "ok", "no [oslo_policy] policy_file: permissions are those of Glance's default policy"
        )
    from glimpse.app.policy_files import InvalidPolicyFile  # noqa: PLC0415  oslo.policy is slow
    from glimpse.app.policy_loading import load_policy_files  # noqa: PLC0415  likewise

    try:
        rules = load_policy_files(settings).names()
    except InvalidPolicyFile as error:
        return Finding("FAIL", str(error))
    place = policy_file or ", ".join(settings.policy.policy_dirs)
    if not rules:
        return Finding("ok", f"the policy file {place} has no rule for images: it changes nothing")
    return Finding("ok", f"the policy file {place} is used for {', '.join(rules)}")


def _link_prefixes(settings: Settings) -> Iterator[Finding]:
    from glimpse.app.compute import compute_options  # noqa: PLC0415  loads the Compute API

    try:
        compute_options(settings)
    except InvalidSettings as error:
        yield Finding("FAIL", str(error))


def _health(settings: Settings) -> Finding:
    try:
        results = Healthcheck(**asdict(settings.healthcheck)).check(settings.server.port)
    except ValueError as error:
        return Finding("FAIL", str(error))
    reasons = ", ".join(result.reason for result in results) or "nothing"
    return Finding("ok", f"{settings.healthcheck.path} responds {reasons}")
