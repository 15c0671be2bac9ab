"""``glimpse healthcheck``: print whether the running process is healthy, for containers."""

import argparse
import http.client
from urllib.parse import quote, urlsplit

from glimpse.cli.errors import CommandFailed
from glimpse.cli.local_url import local_url
from glimpse.cli.running_servers import find_running_server
from glimpse.cli.settings_arguments import (
    add_settings_arguments,
    has_address,
    read_settings,
)
from glimpse.cli.standard_streams import print_output

_TIMEOUT = 5  # seconds without data from the process
_LONGEST_REASON = 200  # bytes of a response that are printed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``glimpse healthcheck``: the settings."""
    add_settings_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Print the health of the running process, and return 0.

    Sends a request to the process that serves with the state directory. If no such process runs, or
    if the arguments name an address or a port, sends the request to the host and port of the
    settings. Prints the first 200 bytes of the response's body as one line.

    Raises CommandFailed with the reason if the process cannot be reached, sends no data for 5
    seconds, or sends another response than a 200. Raises CommandFailed if the output cannot be
    written. Raises InvalidSettings for invalid settings, and BrokenPipeError if the output is a
    pipe that nobody reads.
    """
    settings = read_settings(options)
    running = None if has_address(options) else find_running_server(settings.server.state_dir)
    address = running or settings.server
    url = local_url(address.host, address.port) + quote(settings.healthcheck.path)
    try:
        status, text = _get(url)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise CommandFailed(f"{url} does not respond: {error}") from None
    if status != http.client.OK:
        raise CommandFailed(f"{url} responds {status}: {text}")
    print_output(f"{text}\n")
    return 0


def _get(url: str) -> tuple[int, str]:
    """Send GET; return the status code, and the first 200 bytes of the body as one line.

    Raises OSError if there is no connection, or no data for _TIMEOUT seconds. Raises ValueError or
    HTTPException if the host in `url` is invalid. Raises HTTPException if the response is not HTTP.
    Redirects are not followed.
    """
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=_TIMEOUT)
    try:
        connection.request("GET", parts.path, headers={"Accept": "text/plain"})
        response = connection.getresponse()
        body = response.read(_LONGEST_REASON)
    finally:
        connection.close()
    return response.status, " ".join(body.decode(errors="replace").split())
