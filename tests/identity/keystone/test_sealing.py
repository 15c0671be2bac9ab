"""What whoever reads or writes the shared cache can do with an entry: nothing."""

import hashlib

import pytest

from glimpse.identity.keystone.sealing import CannotSeal, Seal, Strategy

CONTENT = b'{"token": {"user": {"name": "demo"}}}'


@pytest.fixture(params=["MAC", "ENCRYPT"])
def seal(request: pytest.FixtureRequest) -> Seal:
    return Seal(request.param, "the secret")


def test_what_was_closed_can_be_opened(seal: Seal) -> None:
    keys = seal.keys("a token")
    assert seal.open(keys, seal.close(keys, CONTENT)) == CONTENT


def test_what_was_touched_cannot(seal: Seal) -> None:
    keys = seal.keys("a token")
    sealed = seal.close(keys, CONTENT)
    for place in range(len(sealed)):
        touched = sealed[:place] + bytes((sealed[place] ^ 1,)) + sealed[place + 1 :]
        assert seal.open(keys, touched) is None
    for end in range(len(sealed)):
        assert seal.open(keys, sealed[:end]) is None


def test_an_entry_is_good_for_its_own_token_and_secret_alone(seal: Seal) -> None:
    sealed = seal.close(seal.keys("a token"), CONTENT)
    assert seal.open(seal.keys("another"), sealed) is None
    for strategy in ("MAC", "ENCRYPT"):
        other = Seal(strategy, "another secret")
        assert other.open(other.keys("a token"), sealed) is None
        assert other.keys("a token").name != seal.keys("a token").name


def test_names_do_not_tell_the_token(seal: Seal) -> None:
    name = seal.keys("a token").name
    hashes = [
        hashlib.new(kind, b"a token").hexdigest() for kind in ("md5", "sha1", "sha256", "sha512")
    ]
    assert not [digest for digest in hashes if digest[:16] in name or name[:16] in digest]


def test_encrypted_entries_tell_nothing_not_even_that_they_are_equal() -> None:
    seal = Seal("ENCRYPT", "the secret")
    keys = seal.keys("a token")
    assert b"demo" not in seal.close(keys, CONTENT)
    assert seal.close(keys, CONTENT) != seal.close(keys, CONTENT)


@pytest.mark.parametrize("strategy", ["MAC", "ENCRYPT"])
def test_a_strategy_without_a_secret_is_refused(strategy: Strategy) -> None:
    with pytest.raises(CannotSeal, match="memcache_secret_key"):
        Seal(strategy, "")
