"""TLS to Glance and Keystone: logins and other calls trust the same servers."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from glimpse.app.keystone import keystone_transport
from glimpse.glance import GlanceImageService, ImageLocks
from glimpse.identity import IdentityUnavailable
from glimpse.identity.keystone import KeystoneIdentity, ServiceSession
from glimpse.images import Caller
from glimpse.images.errors import Unavailable
from glimpse.upstream.client import HttpClient
from glimpse.upstream.tls import TlsOptions
from tests.identity.scripted_keystone import OPTIONS, Keystone, serve_keystone, session_at
from tests.support.certificates import Certificates
from tests.support.options import glance_options, tls_options

CALLER = Caller("u", "p", token="secret")
DATE = "2024-01-01T00:00:00Z"
IMAGE = {"id": "one", "status": "active", "owner": "p", "created_at": DATE, "updated_at": DATE}

Options = Mapping[str, str | bool]

# The options, whether the server requires a client certificate, and whether the call succeeds.
CASES: dict[str, tuple[Callable[[Certificates], Options], bool, bool]] = {
    "no options": (lambda _: {}, False, False),
    "cafile": (lambda files: {"cafile": str(files.authority)}, False, True),
    "cafile of another authority": (
        lambda files: {"cafile": str(files.client.certificate)},
        False,
        False,
    ),
    "insecure": (lambda _: {"insecure": True}, False, True),
    "no client certificate": (lambda files: {"cafile": str(files.authority)}, True, False),
    "client certificate": (
        lambda files: {"cafile": str(files.authority), **_client(files)},
        True,
        True,
    ),
    "insecure with a client certificate": (
        lambda files: {"insecure": True, **_client(files)},
        True,
        True,
    ),
}
# Environment variables, and whether a call succeeds with them.
ENVIRONMENTS: dict[str, tuple[Callable[[Certificates], Mapping[str, str]], bool]] = {
    "nothing": (lambda _: {}, False),
    "SSL_CERT_FILE": (lambda files: {"SSL_CERT_FILE": str(files.authority)}, True),
    "REQUESTS_CA_BUNDLE": (lambda files: {"REQUESTS_CA_BUNDLE": str(files.authority)}, False),
    "CURL_CA_BUNDLE": (lambda files: {"CURL_CA_BUNDLE": str(files.authority)}, False),
    "HTTPS_PROXY": (
        lambda files: {
            "SSL_CERT_FILE": str(files.authority),
            "HTTPS_PROXY": "http://127.0.0.1:1",
            "https_proxy": "http://127.0.0.1:1",
            "ALL_PROXY": "http://127.0.0.1:1",
        },
        True,
    ),
}


def _client(files: Certificates) -> Options:
    return {"certfile": str(files.client.certificate), "keyfile": str(files.client.key)}


@asynccontextmanager
async def glance(
    files: Certificates, tls: TlsOptions, *, demands_certificate: bool = False
) -> AsyncIterator[GlanceImageService]:
    """Run a Glance with TLS; yield an image service that calls it."""

    async def handle(_request: web.BaseRequest) -> web.Response:
        return web.json_response(IMAGE)

    runner = web.ServerRunner(web.Server(handle), shutdown_timeout=0.1)
    await runner.setup()
    context = files.server_context(requires_client_certificate=demands_certificate)
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    url = f"https://127.0.0.1:{runner.addresses[0][1]}"
    service = GlanceImageService(
        glance_options(url, num_retries=0),
        HttpClient(tls=tls, connect_timeout=5, read_timeout=5),
        ImageLocks(f"file://{files.authority.parent}", 5),
    )
    yield service
    await service.close()
    await runner.cleanup()


async def assert_glance(service: GlanceImageService, *, works: bool) -> None:
    if works:
        assert (await service.get_image(CALLER, "one")).id == "one"
    else:
        with pytest.raises(Unavailable):
            await service.get_image(CALLER, "one")


@asynccontextmanager
async def keystone(
    files: Certificates, tls: TlsOptions, *, demands_certificate: bool = False
) -> AsyncIterator[tuple[ServiceSession, KeystoneIdentity]]:
    """Run a Keystone with TLS; yield a session and an identity that call it."""
    async with serve_keystone(
        files.server_context(requires_client_certificate=demands_certificate)
    ) as server:
        options = replace(OPTIONS, tls=tls)
        session = session_at(server.url, options)
        identity = KeystoneIdentity(options, session, keystone_transport(options))
        yield session, identity
        await identity.close()


async def assert_keystone(
    session: ServiceSession, identity: KeystoneIdentity, *, works: bool
) -> None:
    if works:
        await session.token_and_endpoint()
        assert (await identity.authenticate("good")).user_id == "u"
    else:
        with pytest.raises(IdentityUnavailable):
            await session.token_and_endpoint()
        with pytest.raises(IdentityUnavailable):
            await identity.authenticate("good")


@pytest.mark.parametrize("case", CASES)
async def test_glance_is_trusted_as_configured(tmp_path: Path, case: str) -> None:
    configured, demands, works = CASES[case]
    files = Certificates(tmp_path)
    tls = tls_options(**configured(files))
    async with glance(files, tls, demands_certificate=demands) as service:
        await assert_glance(service, works=works)


@pytest.mark.parametrize("case", CASES)
async def test_keystone_is_trusted_as_configured(tmp_path: Path, case: str) -> None:
    configured, demands, works = CASES[case]
    files = Certificates(tmp_path)
    tls = tls_options(**configured(files))
    async with keystone(files, tls, demands_certificate=demands) as clients:
        await assert_keystone(*clients, works=works)


@pytest.mark.parametrize("case", ENVIRONMENTS)
async def test_logins_and_calls_honour_the_same_environment_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    variables, works = ENVIRONMENTS[case]
    files = Certificates(tmp_path)
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables(files).items():
        monkeypatch.setenv(name, value)
    async with glance(files, tls_options()) as service:
        await assert_glance(service, works=works)
    async with keystone(files, tls_options()) as clients:
        await assert_keystone(*clients, works=works)


async def test_logins_send_no_credentials_from_netrc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login someone password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    authorizations: list[str | None] = []
    handle = Keystone.handle

    async def record(keystone: Keystone, request: web.BaseRequest) -> web.Response:
        authorizations.append(request.headers.get("Authorization"))
        return await handle(keystone, request)

    monkeypatch.setattr(Keystone, "handle", record)
    async with serve_keystone() as server:
        session = session_at(server.url)
        await session.token_and_endpoint()
        await session.close()
    assert set(authorizations) == {None}


def test_an_encrypted_key_of_the_client_certificate_is_refused_without_a_prompt(
    tmp_path: Path,
) -> None:
    certificates = Certificates(tmp_path)
    certificate, key = certificates.encrypt_key(certificates.client)
    with pytest.raises(OSError, match="passphrase"):
        _ = tls_options(certfile=str(certificate), keyfile=str(key)).context
