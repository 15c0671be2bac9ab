"""Limits of tokens: their lifetime, and how many are cached."""

from pathlib import Path

import pytest

from glimpse.identity.embedded import identity as embedded_identity
from glimpse.identity.embedded.auth_request import AuthRequest, Reference
from glimpse.identity_api.documents.tokens import render_token
from tests.support.embedded import open_identity


async def test_token_with_a_huge_expiration_can_be_rendered(tmp_path: Path) -> None:
    identity = open_identity(tmp_path, token_expiration=2**63)
    password = identity.identity_file.current.user(name="demo")
    assert password is not None
    request = AuthRequest(("password",), Reference(None, "demo"), password.password or "")
    session = await identity.login.log_in(request)
    document = render_token(session, identity.identity_file.current, None)
    assert document["token"]["expires_at"].startswith("9999-12-31")
    await identity.close()


async def test_cached_tokens_are_bounded_in_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_identity, "MAX_CACHED_BYTES", 20_000)
    identity = open_identity(tmp_path)
    demo = identity.identity_file.current.user(name="demo")
    assert demo is not None
    request = AuthRequest(("password",), Reference(None, "demo"), demo.password or "")
    first = identity.sign((await identity.login.log_in(request)).token)
    for _ in range(50):
        derived = await identity.login.log_in(AuthRequest(("token",), token=first))
        await identity.authenticate(identity.sign(derived.token))
    cache = identity._cache  # noqa: SLF001  its size has no public view
    assert 5 < len(cache) < 20
    assert cache.total_bytes <= 20_000
    await identity.close()
