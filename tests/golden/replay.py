"""Replay: send a recorded request to a running service and compare the response."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from tests.golden.compare import ServiceURLs, differences, recorded
from tests.golden.exchanges import Exchange
from tests.golden.oracle import Oracle
from tests.golden.repairs import Repair, apply_repairs
from tests.support.http import Response, request

# Bodies of JSON are compared by value, so that spaces and escapes, and then the length, may differ.
# Such responses are counted separately.
SPACING = "JSON spacing"


class Cloud(Protocol):
    """A service that holds the fixture's users and images, embedded or behind a gateway."""

    @property
    def address(self) -> tuple[str, int]:
        """Where the Compute API listens."""
        ...

    def token(self, user: str) -> str | None:
        """A token of a fixture's user; None for the user ``none``, a wrong one for ``invalid``."""
        ...

    def service_urls(self, authority: str) -> ServiceURLs:
        """The services' addresses for a client that came to `authority` (``host:port``)."""
        ...

    def restore(self, *, broken: bool) -> None:
        """Put all images back to the fixture's state, with or without the broken one."""
        ...


@dataclass(frozen=True)
class Result:
    """The result of one replayed exchange; `problems` is empty if the response is as expected."""

    exchange: Exchange
    response: Response
    repairs: tuple[str, ...]
    problems: tuple[str, ...]

    def __str__(self) -> str:
        title = f"{self.exchange.name}: {', '.join(self.repairs) or 'no repair'}"
        problems = "\n".join(f"  {problem}" for problem in self.problems)
        recorded_response = f"{self.exchange.status} {str(self.exchange.response_body)[:2000]}"
        details = (
            f"request\n{self.exchange}\n\nrecorded\n{recorded_response}\n\ngot\n{self.response}"
        )
        return f"{title}\n{problems}\n\n{details}"


def needs_broken_image(exchange: Exchange, oracle: Oracle) -> bool:
    """True if the image with the malformed mapping existed during the recording."""
    broken = oracle.broken_id
    return (
        exchange.name.startswith("broken") or broken in f"{exchange.path}{exchange.response_body}"
    )


def send(exchange: Exchange, cloud: Cloud) -> Response:
    """Send the exchange's request, byte for byte as it was recorded."""
    headers = list(exchange.headers.items())
    token = cloud.token(exchange.token)
    if token is not None:
        headers.append(("X-Auth-Token", token))
    return request(cloud.address, exchange.method, exchange.path, headers, _body(exchange.body))


def _body(text: str | None) -> bytes | None:
    """Encode a body; lone bytes and lone surrogates were recorded as surrogates."""
    if text is None:
        return None
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def compare(
    exchange: Exchange,
    response: Response,
    cloud: Cloud,
    oracle: Oracle,
    more: Iterable[Repair] = (),
) -> Result:
    """Compare a response with the recorded one, after the repairs and `more` are applied to it."""
    host, port = cloud.address
    authority = exchange.headers.get("Host", f"{host}:{port}")
    service_urls = cloud.service_urls(authority)
    recorded_response = recorded(exchange)
    expected, repairs = apply_repairs(exchange, recorded_response, oracle, more)
    if repairs and not differences(recorded_response, response, exchange.method, service_urls):
        # A rule that only loosens (a message) may still be met to the letter.
        repairs = (
            [] if not differences(expected, response, exchange.method, service_urls) else repairs
        )
    problems = differences(expected, response, exchange.method, service_urls)
    spaced = replace(expected, same_length=False)
    if problems and not differences(spaced, response, exchange.method, service_urls):
        repairs, problems = [*repairs, SPACING], []
    return Result(exchange, response, tuple(repairs), tuple(problems))
