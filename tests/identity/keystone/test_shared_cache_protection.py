"""Entries of the shared cache cannot be read, forged or traced without the secret."""

import hashlib

import pytest

from glimpse.identity.keystone.shared_cache_protection import (
    EntryProtection,
    ProtectionUnavailable,
    Strategy,
)

CONTENT = b'{"token": {"user": {"name": "demo"}}}'


@pytest.fixture(params=["MAC", "ENCRYPT"])
def protection(request: pytest.FixtureRequest) -> EntryProtection:
    return EntryProtection(request.param, "the secret")


def test_protected_content_can_be_read(protection: EntryProtection) -> None:
    keys = protection.derive_keys("a token")
    assert protection.unprotect(keys, protection.protect(keys, CONTENT)) == CONTENT


def test_changed_entry_is_refused(protection: EntryProtection) -> None:
    keys = protection.derive_keys("a token")
    protected = protection.protect(keys, CONTENT)
    for place in range(len(protected)):
        touched = protected[:place] + bytes((protected[place] ^ 1,)) + protected[place + 1 :]
        assert protection.unprotect(keys, touched) is None
    for end in range(len(protected)):
        assert protection.unprotect(keys, protected[:end]) is None


def test_entry_is_refused_for_another_token_or_secret(protection: EntryProtection) -> None:
    protected = protection.protect(protection.derive_keys("a token"), CONTENT)
    assert protection.unprotect(protection.derive_keys("another"), protected) is None
    for strategy in ("MAC", "ENCRYPT"):
        other = EntryProtection(strategy, "another secret")
        assert other.unprotect(other.derive_keys("a token"), protected) is None
        assert other.derive_keys("a token").name != protection.derive_keys("a token").name


def test_entry_name_does_not_reveal_a_hash_of_the_token(protection: EntryProtection) -> None:
    name = protection.derive_keys("a token").name
    hashes = [
        hashlib.new(kind, b"a token").hexdigest() for kind in ("md5", "sha1", "sha256", "sha512")
    ]
    assert not [digest for digest in hashes if digest[:16] in name or name[:16] in digest]


def test_equal_contents_are_encrypted_differently() -> None:
    protection = EntryProtection("ENCRYPT", "the secret")
    keys = protection.derive_keys("a token")
    assert b"demo" not in protection.protect(keys, CONTENT)
    assert protection.protect(keys, CONTENT) != protection.protect(keys, CONTENT)


@pytest.mark.parametrize("strategy", ["MAC", "ENCRYPT"])
def test_strategy_without_a_secret_is_refused(strategy: Strategy) -> None:
    with pytest.raises(ProtectionUnavailable, match="memcache_secret_key"):
        EntryProtection(strategy, "")
