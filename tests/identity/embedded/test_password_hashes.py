"""Password hashes: each check takes the same time, and compares in constant time."""

import hashlib
import hmac
from typing import Any

import pytest

from glimpse.identity.embedded.password_hashes import (
    MINIMAL,
    RECOMMENDED,
    ScryptParameters,
    check_password,
    hash_password,
    is_outdated,
    slowest_parameters,
)
from glimpse.identity.embedded.tokens import Token, TokenKeys

# Of the password "right". Making them when this module is imported takes 0.3 s of each worker.
HASHED = "scrypt$16384$8$5$Gp3NAFsrYBJmid4XgLwuAg==$TfEAHqX8pi2NyW1aLNh81+zXmx8sUC4XlyM01j5qo4Q="
OUTDATED = "scrypt$16384$8$1$JBJ9eRfrJSdwe8hqTLrGWA==$pO9QdKrk865//GggylQjxwuOMrHUxOo/SHus0VC8pc0="
# A hash of Glimpse 0.1 for the password "secret".
STORED_HASH = (
    "scrypt$16384$8$1$Jf1g129eTjNItQDRXQQoOQ==$7yerMphToMew13ObaobBWvidCGmI1v1iyDBEOnT9XS4="
)
# the given text; the stored password and hash, if any; whether they match
CASES = {
    "the password": ("right", "right", None, True),
    "another": ("wrong", "right", None, False),
    "the one hashed": ("right", None, HASHED, True),
    "another than the one hashed": ("wrong", None, HASHED, False),
    "nobody's": ("anything", None, None, False),
    "nobody's and nothing": ("", None, None, False),
    "half a pair": ("\ud800", "right", None, False),
}


@pytest.mark.parametrize(("given", "password", "hashed", "right"), CASES.values(), ids=CASES)
def test_each_check_hashes_once_and_compares_in_constant_time(
    given: str,
    password: str | None,
    hashed: str | None,
    right: bool,  # noqa: FBT001  a parameter of a test
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[str] = []

    def record_call(module: Any, name: str) -> None:
        function = getattr(module, name)

        def call(*arguments: Any, **named: Any) -> Any:
            calls.append(name)
            return function(*arguments, **named)

        monkeypatch.setattr(module, name, call)

    record_call(hashlib, "scrypt")
    record_call(hmac, "compare_digest")
    assert check_password(given, password, hashed) == right
    assert calls.count("scrypt") == 1, "the duration shows whether the user exists"
    assert calls.count("compare_digest") == (1 if password is None else 2)


def test_signature_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[object] = []
    keys = TokenKeys([b"k" * 32])
    text = keys.sign(Token("user", None, (), 0.0, 1.0, (), "", key_id=keys.signing_key_id))

    def record_call(*pair: Any) -> bool:
        compared.append(pair)
        return False

    monkeypatch.setattr(hmac, "compare_digest", record_call)
    assert keys.verify(text) is None, "it was compared in another way"
    assert compared


def test_two_hashes_of_one_password_differ_and_both_match() -> None:
    hashes = {hash_password("right") for _ in range(2)}
    assert len(hashes) == 2
    assert all(check_password("right", None, each) for each in hashes)
    assert not any("right" in each for each in hashes)


def test_hash_of_version_0_1_is_accepted() -> None:
    assert check_password("secret", None, STORED_HASH)
    assert not check_password("Secret", None, STORED_HASH)
    assert is_outdated(STORED_HASH)
    assert not is_outdated(HASHED)


def test_new_hashes_have_parameters_that_owasp_recommends() -> None:
    assert RECOMMENDED in {
        ScryptParameters(2**cost, 8, parallelization)
        for cost, parallelization in ((17, 1), (16, 2), (15, 3), (14, 5), (13, 10))
    }
    assert hash_password("right").startswith("scrypt$16384$8$5$")


@pytest.mark.parametrize(
    ("given", "password", "hashed"),
    [
        ("right", None, HASHED),
        ("right", None, OUTDATED),
        ("wrong", None, OUTDATED),
        ("right", "right", None),
        ("right", None, None),
        ("right", None, "scrypt$no hash"),
    ],
    ids=["right", "right, outdated", "wrong, outdated", "readable", "nobody", "invalid"],
)
def test_each_check_takes_the_work_of_the_slowest_hash(
    given: str, password: str | None, hashed: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    work: list[int] = []
    scrypt = hashlib.scrypt

    def count(password: bytes, *, n: int, r: int, p: int, **more: Any) -> bytes:
        work.append(n * r * p)
        return scrypt(password, n=n, r=r, p=p, **more)

    monkeypatch.setattr(hashlib, "scrypt", count)
    check_password(given, password, hashed, slowest_parameters([HASHED, OUTDATED]))
    assert sum(work) == RECOMMENDED.work


def test_without_hashes_the_slowest_parameters_are_minimal() -> None:
    assert slowest_parameters([]) == MINIMAL
    assert slowest_parameters([None, "", "nonsense", "scrypt$x$8$1$AA==$AA=="]) == MINIMAL
    assert slowest_parameters([OUTDATED, HASHED, OUTDATED]) == RECOMMENDED


@pytest.mark.parametrize(
    "hashed",
    [
        "",
        "x",
        "scrypt$1$1",
        "scrypt$0$0$0$$",
        "scrypt$16383$8$1$AA==$AA==",
        "scrypt$16384$8$0$AA==$AA==",
        "scrypt$16384$-8$1$AA==$AA==",
        "scrypt$1048576$8$1$AA==$AA==",
        "scrypt$16384$8$1000000$AA==$AA==",
        "scrypt$16384$8$1$A$AA==",
        "md5$1$2$3$4$5",
    ],
)
def test_text_that_is_no_hash_matches_no_password(hashed: str) -> None:
    with pytest.raises(ValueError, match="password hash"):
        is_outdated(hashed)
    assert not check_password("x", None, hashed, MINIMAL)
