"""WebDownloads: downloads data from URLs that the operator's rules permit."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass

from glimpse.embedded.imports.address_rules import Address, AddressRules, parse_address
from glimpse.embedded.imports.download_url import (
    DownloadUrl,
    InvalidUrl,
    UrlRules,
    parse_url,
)
from glimpse.embedded.imports.errors import ImportFailed
from glimpse.embedded.imports.http_stream import HttpStream, HttpTimeouts
from glimpse.embedded.imports.resolver import Resolver

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_MAX_REDIRECTS = 10  # as many as urllib, and so Glance, follows
_OK = 200


@dataclass(frozen=True, slots=True)
class DownloadOptions:
    """Which URLs may be downloaded, and how long that may take (`total_timeout` in seconds).

    Without `is_enabled`, no URL may be.
    """

    url_rules: UrlRules
    address_rules: AddressRules
    timeouts: HttpTimeouts
    total_timeout: float
    tls_context: Callable[[], ssl.SSLContext]
    is_enabled: bool


class UrlRefused(ImportFailed):
    """A URL does not pass the operator's rules, or its host has no address that does."""


class WebDownloads:
    """Downloads data from permitted URLs, and from permitted addresses only.

    Each request looks up the addresses of the host, checks them, and connects to one that it
    checked. So a name whose addresses change after the check (DNS rebinding) leads nowhere else.
    """

    def __init__(self, options: DownloadOptions, resolver: Resolver) -> None:
        self._options = options
        self._resolver = resolver

    async def check(self, text: str) -> None:
        """Raise UrlRefused unless data may be downloaded from the URL at present."""
        await self._permitted_addresses(self._parse(text))

    async def download(self, text: str, size_cap: int) -> AsyncGenerator[bytes, None]:
        """Yield the data at a URL, with up to ten redirects.

        Raises UrlRefused if the URL, or one that a redirect leads to, does not pass the rules.
        Raises ImportFailed if the server cannot be reached or does not send all of the data with a
        status of 200, if the data has more than `size_cap` bytes, and after `total_timeout`.
        """
        seconds = self._options.total_timeout
        deadline = asyncio.get_running_loop().time() + seconds
        late = ImportFailed(f"the download took more than {seconds:g} s")
        try:
            async with asyncio.timeout_at(deadline):
                stream = await self._open(self._parse(text))
        except TimeoutError:
            raise late from None
        with contextlib.closing(stream):
            _check_size(stream.size or 0, size_cap)
            received = 0
            pieces = stream.body()
            while True:
                try:
                    async with asyncio.timeout_at(deadline):
                        piece = await anext(pieces)
                except StopAsyncIteration:
                    return
                except TimeoutError:
                    raise late from None
                received += len(piece)
                _check_size(received, size_cap)
                yield piece

    async def _open(self, url: DownloadUrl) -> HttpStream:
        """Return the response for a URL or for that to which its redirects lead, if it is 200.

        Raises UrlRefused or ImportFailed.
        """
        for _ in range(_MAX_REDIRECTS + 1):
            stream = await self._request(url)
            if stream.status == _OK:
                return stream
            stream.close()
            location = stream.headers.get("location")
            if stream.status not in _REDIRECTS or location is None:
                raise ImportFailed(f"the server responded with status {stream.status}")
            try:
                url = url.join(location)
            except InvalidUrl as error:
                raise UrlRefused(f"a redirect is refused: {error}") from None
        raise ImportFailed(f"there were more than {_MAX_REDIRECTS} redirects")

    async def _request(self, url: DownloadUrl) -> HttpStream:
        """Request a URL from the first of its permitted addresses that responds.

        Raises UrlRefused, or the ImportFailed of the last address.
        """
        failure = ImportFailed("the host has no address")
        for address in await self._permitted_addresses(url):
            try:
                return await HttpStream.open(
                    url, address, self._options.timeouts, self._options.tls_context
                )
            except ImportFailed as error:
                failure = error
        raise failure

    def _parse(self, text: str) -> DownloadUrl:
        """Return the URL in `text`. Raises UrlRefused if it is none."""
        try:
            return parse_url(text)
        except InvalidUrl as error:
            raise UrlRefused(str(error)) from None

    async def _permitted_addresses(self, url: DownloadUrl) -> Sequence[Address]:
        """Return the addresses of the URL's host that may be connected to: at least one.

        Raises UrlRefused if there is none, and if the rules do not allow the URL.
        """
        if not self._options.is_enabled:
            raise UrlRefused("web-download is not enabled")
        refusal = self._options.url_rules.refusal(url)
        if refusal is not None:
            raise UrlRefused(refusal)
        literal = parse_address(url.host)
        try:
            found = [literal] if literal is not None else await self._resolver.resolve(url.host)
        except ImportFailed as error:
            raise UrlRefused(str(error)) from None
        addresses = [each for each in found if self._options.address_rules.allows(each)]
        if not addresses:
            # The message has no address: what a name inside a network resolves to is a secret.
            raise UrlRefused("its host has no address on the Internet or in allowed_networks")
        return addresses


def _check_size(size: int, size_cap: int) -> None:
    """Raise ImportFailed if the data has more bytes than an image may have."""
    if size > size_cap:
        raise ImportFailed(f"the data has more than {size_cap} bytes")
