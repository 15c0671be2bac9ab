"""WebDownloads: downloads data from URLs that the operator's rules allow."""

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
_MAX_REDIRECTS = 10  # as in urllib, which Glance uses
_OK = 200


@dataclass(frozen=True, slots=True)
class DownloadOptions:
    """Which URLs data may be downloaded from, and how long a download may take.

    `total_timeout` is the most seconds of a whole download, with redirects. `timeouts` limits each
    connection. If `is_enabled` is False, every URL is refused. `tls_context` is called for each
    connection with https.
    """

    url_rules: UrlRules
    address_rules: AddressRules
    timeouts: HttpTimeouts
    total_timeout: float
    tls_context: Callable[[], ssl.SSLContext]
    is_enabled: bool


class UrlRefused(ImportFailed):
    """Data may not be downloaded from a URL. The message says why, without the URL.

    The URL is malformed, the operator's rules do not allow it, or web-download is not enabled. Or
    the host of the URL cannot be looked up, or has no allowed address.
    """


class WebDownloads:
    """Downloads data from URLs and addresses that the operator's rules allow.

    For each request, the addresses of the host are looked up and checked, and only a checked
    address is connected to. So a host name that gets another address after the check (DNS
    rebinding) does no harm.
    """

    def __init__(self, options: DownloadOptions, resolver: Resolver) -> None:
        self._options = options
        self._resolver = resolver

    async def check(self, text: str) -> None:
        """Raise UrlRefused if data may not be downloaded from the URL `text` at present.

        Looks up the host, but does not connect to it. Also raises UrlRefused if the host cannot be
        looked up, or if web-download is not enabled.
        """
        await self._permitted_addresses(self._parse(text))

    async def download(self, text: str, size_cap: int) -> AsyncGenerator[bytes, None]:
        """Yield the data at the URL `text`. Follows up to ten redirects.

        The caller closes the generator, which closes the connection. Raises UrlRefused if data may
        not be downloaded from the URL, or from the URL of a redirect. Raises OSError if the
        certificate authorities for https cannot be loaded. Raises ImportFailed in these cases, also
        after some data:

        - The server cannot be reached, or does not respond with status 200.
        - There are more than ten redirects.
        - The server does not send all of the data.
        - The data has more than `size_cap` bytes.
        - The download takes longer than `total_timeout`.
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
        """Return the response with status 200, after redirects if there are any.

        The caller closes this response; all others are closed here. Raises UrlRefused if a URL,
        also of a redirect, is malformed or not allowed. Raises ImportFailed if no server responds,
        for another status, for a redirect without Location, and after more than ten redirects.
        Raises OSError if the certificate authorities for https cannot be loaded.
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
        """Request a URL from its allowed addresses, one after the other, until one responds.

        The response may have any status from 200 on. The caller closes the response. Raises
        UrlRefused if the rules do not allow the URL, or if its host cannot be looked up or has no
        allowed address. If no address responds, raises the ImportFailed of the last address. Raises
        OSError if the certificate authorities for https cannot be loaded.
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
        """Return the URL in `text`. Raises UrlRefused if `parse_url` does not accept `text`.

        For example, `parse_url` accepts no scheme other than http and https, and no password. The
        rules of the operator are not checked.
        """
        try:
            return parse_url(text)
        except InvalidUrl as error:
            raise UrlRefused(str(error)) from None

    async def _permitted_addresses(self, url: DownloadUrl) -> Sequence[Address]:
        """Return the addresses of the URL's host that the rules allow; at least one.

        The addresses are in the order of the resolver. Raises UrlRefused if web-download is not
        enabled, if the rules do not allow the URL, if the host cannot be looked up, or if all of
        its addresses are forbidden.
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
    """Raise ImportFailed if `size` is more than `size_cap`. Both are in bytes."""
    if size > size_cap:
        raise ImportFailed(f"the data has more than {size_cap} bytes")
