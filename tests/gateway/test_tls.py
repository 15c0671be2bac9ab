"""cafile, certfile, keyfile and insecure: whom Glimpse believes to be Glance, and Keystone."""

import dataclasses
from collections.abc import Callable, Mapping
from contextlib import aclosing
from pathlib import Path

import pytest
from aiohttp import web

from glimpse.glance import GlanceImageService, ImageLocks
from glimpse.identity import IdentityUnavailable
from glimpse.identity.keystone import KeystoneIdentity, ServiceSession
from glimpse.images import Caller
from glimpse.images.errors import Unavailable
from glimpse.upstream.tls import TlsOptions
from tests.glance.options import glance_options
from tests.identity.scripted_keystone import options_for, serve_keystone
from tests.support.certificates import Certificates

CALLER = Caller("u", "p", token="secret")
DATE = "2024-01-01T00:00:00Z"
IMAGE = {"id": "one", "status": "active", "owner": "p", "created_at": DATE, "updated_at": DATE}

Options = Mapping[str, str | bool]

# What is configured, whether the server demands a certificate, and whether that works.
CASES: list[tuple[Callable[[Certificates], Options], bool, bool]] = [
    (lambda _: {}, False, False),
    (lambda files: {"cafile": str(files.authority)}, False, True),
    (lambda files: {"cafile": str(files.client.certificate)}, False, False),
    (lambda _: {"insecure": True}, False, True),
    (lambda files: {"cafile": str(files.authority)}, True, False),
    (lambda files: {"cafile": str(files.authority), **_client(files)}, True, True),
    (lambda files: {"insecure": True, **_client(files)}, True, True),
]
NAMES = [
    *("nothing", "the authority", "another authority", "insecure"),
    *("no certificate of ours", "a certificate of ours", "insecure with a certificate of ours"),
]


def _client(files: Certificates) -> Options:
    return {"certfile": str(files.client.certificate), "keyfile": str(files.client.key)}


def _tls(options: Options) -> TlsOptions:
    return TlsOptions(**options)  # type: ignore[arg-type]  # as each is named


@pytest.mark.parametrize(("configured", "demands", "works"), CASES, ids=NAMES)
async def test_glance(
    tmp_path: Path,
    configured: Callable[[Certificates], Options],
    *,
    demands: bool,
    works: bool,
) -> None:
    async def handle(_request: web.BaseRequest) -> web.Response:
        return web.json_response(IMAGE)

    files = Certificates(tmp_path)
    runner = web.ServerRunner(web.Server(handle), shutdown_timeout=0.1)
    await runner.setup()
    tls = files.server_context(asks_for_client=demands)
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    url = f"https://127.0.0.1:{runner.addresses[0][1]}"
    service = GlanceImageService(
        glance_options(url, num_retries=0, tls=_tls(configured(files))),
        ImageLocks(f"file://{tmp_path}", 5),
    )
    async with aclosing(_Closing(service.close, runner.cleanup)):
        if works:
            assert (await service.get_image(CALLER, "one")).id == "one"
        else:
            with pytest.raises(Unavailable):
                await service.get_image(CALLER, "one")


# What requests says whenever it is told not to verify.
@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
@pytest.mark.parametrize(("configured", "demands", "works"), CASES, ids=NAMES)
async def test_keystone(
    tmp_path: Path,
    configured: Callable[[Certificates], Options],
    *,
    demands: bool,
    works: bool,
) -> None:
    files = Certificates(tmp_path)
    async with serve_keystone(files.server_context(asks_for_client=demands)) as keystone:
        options = dataclasses.replace(options_for(keystone), tls=_tls(configured(files)))
        identity = KeystoneIdentity(options, ServiceSession(options))
        async with aclosing(_Closing(identity.close)):
            if works:
                assert (await identity.authenticate("good")).user_id == "u"
            else:
                with pytest.raises(IdentityUnavailable):
                    await identity.authenticate("good")


class _Closing:
    """What `aclosing` closes."""

    def __init__(self, *closers: Callable[[], object]) -> None:
        self._closers = closers

    async def aclose(self) -> None:
        for close in self._closers:
            await close()  # type: ignore[misc]
