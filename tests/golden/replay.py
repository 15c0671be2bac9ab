"""Sends a recorded request to a running service and compares the response."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from tests.golden.compare import ServiceURLs, differences, recorded
from tests.golden.exchanges import Exchange
from tests.golden.oracle import Oracle
from tests.golden.repairs import Repair, apply_repairs
from tests.support.http import Response, request

# JSON is compared by value: spaces and escapes, and thus the length, may differ. Such responses
# pass, and are counted under this name.
SPACING = "JSON spacing"


class Cloud(Protocol):
    """A running Glimpse with the users and images of the fixture."""

    @property
    def address(self) -> tuple[str, int]:
        """The host and port of the Compute API."""
        ...

    def token(self, user: str) -> str | None:
        """Return a token of the user; None for ``none``, an invalid one for ``invalid``."""
        ...

    def service_urls(self, authority: str) -> ServiceURLs:
        """Return the URLs of the services for a request with this ``Host``."""
        ...

    def restore(self, *, broken: bool) -> None:
        """Restore all images to the fixture's state, with or without the broken image."""
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
    """Return True if the image with the malformed mapping existed during the recording."""
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
    """Encode a recorded body, in which surrogates stand for invalid bytes or surrogates."""
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
    """Compare a response with the recorded one, to which the repairs and `more` are applied."""
    host, port = cloud.address
    authority = exchange.headers.get("Host", f"{host}:{port}")
    service_urls = cloud.service_urls(authority)
    recorded_response = recorded(exchange)
    expected, repairs = apply_repairs(exchange, recorded_response, oracle, more)
    if repairs and not differences(recorded_response, response, exchange.method, service_urls):
        # A repair that accepts several messages may also accept the recorded one.
        repairs = (
            [] if not differences(expected, response, exchange.method, service_urls) else repairs
        )
    problems = differences(expected, response, exchange.method, service_urls)
    spaced = replace(expected, same_length=False)
    if problems and not differences(spaced, response, exchange.method, service_urls):
        repairs, problems = [*repairs, SPACING], []
    return Result(exchange, response, tuple(repairs), tuple(problems))
