"""``glimpse check``: test whether a configuration would work, and print what it means."""

import argparse
import asyncio
import logging
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from pathlib import Path

from glimpse.cli.api_listeners import api_listeners
from glimpse.cli.finding import Finding
from glimpse.cli.settings_arguments import add_settings_arguments, read_settings
from glimpse.http.healthcheck import Healthcheck
from glimpse.identity.embedded.private_files import privacy_problem
from glimpse.server.listening_socket import listen
from glimpse.settings import Metrics, Settings
from glimpse.telemetry.log_setup import log_path
from glimpse.telemetry.redaction import sanitize


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``glimpse check``: those that choose the settings."""
    add_settings_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Print a line for each finding; return 1 if there is a FAIL, 0 otherwise.

    Nothing is logged. Raises InvalidSettings, and what `check` raises.
    """
    settings = read_settings(options)
    logging.disable()  # each error is a finding
    has_failed = False
    for finding in check(settings):
        print(f"{finding.severity:4}  {sanitize(finding.text)}", flush=True)
        has_failed |= finding.severity == "FAIL"
    return 1 if has_failed else 0


def check(settings: Settings) -> Iterator[Finding]:
    """Yield a finding for each thing that ``glimpse serve`` needs.

    Calls the services of a gateway. Changes nothing, except that it makes the state directory, and
    in it a gateway's directory of lock files. Raises OSError if the latter cannot be made.
    """
    yield from _api_addresses(settings)
    if settings.metrics.port:
        yield _scrapes(settings.metrics)
    yield from _state(settings.server.state_dir)
    yield from _log_file(settings)
    if settings.image_service == "glance":
        yield from _gateway(settings)
    else:
        from glimpse.cli.check_embedded import check_embedded  # noqa: PLC0415  not for gateways

        yield from check_embedded(settings)
    yield _policy(settings)
    yield _health(settings)
    yield from (Finding("note", message) for message in settings.ineffective_options)
    yield Finding(
        "ok",
        f"requests may ask for microversions up to {settings.api.max_microversion}; "
        f"version discovery names {settings.api.advertised_microversion}",
    )


def _api_addresses(settings: Settings) -> Iterator[Finding]:
    compute, *others = api_listeners(settings)
    yield _address("", settings.server.host, compute.port)
    for listener in others:
        yield _address(f"{listener.api}: ", settings.server.host, listener.port)


def _address(what: str, host: str, port: int) -> Finding:
    try:
        with listen(host, port):
            return Finding("ok", f"{what}{host}:{port} is free to listen on")
    except OSError as error:
        return Finding("FAIL", f"{what}cannot listen on {host}:{port}: {error.strerror}")


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


def _state(state_dir: Path) -> Iterator[Finding]:
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        yield Finding("FAIL", f"cannot make the state directory {state_dir}: {error.strerror}")
        return
    if not os.access(state_dir, os.W_OK):
        yield Finding("FAIL", f"the state directory {state_dir} is not writable")
        return
    if (reason := privacy_problem(state_dir)) is not None:
        yield Finding("FAIL", f"the state directory {state_dir} cannot be used: {reason}")
        return
    yield Finding("ok", f"state is kept in {state_dir}")


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
        return Finding("ok", "no policy file: permissions are those of Glance's default policy")
    from glimpse.app.policy_files import (  # noqa: PLC0415  oslo.policy loads slowly
        InvalidPolicyFile,
        PolicyFiles,
    )

    try:
        rules = PolicyFiles(policy_file, settings.policy.policy_dirs).names()
    except InvalidPolicyFile as error:
        return Finding("FAIL", str(error))
    place = policy_file or ", ".join(settings.policy.policy_dirs)
    if not rules:
        return Finding("ok", f"the policy file {place} has no rule for images: it changes nothing")
    return Finding("ok", f"the policy file {place} is used for {', '.join(rules)}")


def _health(settings: Settings) -> Finding:
    try:
        results = Healthcheck(**asdict(settings.healthcheck)).check(settings.server.port)
    except ValueError as error:
        return Finding("FAIL", str(error))
    reasons = ", ".join(result.reason for result in results) or "nothing"
    return Finding("ok", f"{settings.healthcheck.path} says {reasons}")
