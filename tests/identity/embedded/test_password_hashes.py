"""Passwords take as long to check, and are compared alike, whoever asks and whatever is right."""

import hashlib
import hmac
from typing import Any

import pytest

from glimpse.identity.embedded.password_hashes import check_password, hash_password, verify_password
from glimpse.identity.embedded.tokens import Token, sign, verify

HASHED = hash_password("right")
# what is given; the password, and its hash, as far as there are any; whether it is right
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

    def noted(module: Any, name: str) -> None:
        function = getattr(module, name)

        def call(*arguments: Any, **named: Any) -> Any:
            calls.append(name)
            return function(*arguments, **named)

        monkeypatch.setattr(module, name, call)

    noted(hashlib, "scrypt")
    noted(hmac, "compare_digest")
    assert check_password(given, password, hashed) == right
    assert calls.count("scrypt") == 1, "how long it takes tells whether there is such a user"
    assert calls.count("compare_digest") == (1 if password is None else 2)


def test_a_signature_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[object] = []
    text = sign(Token("user", None, (), 0.0, 1.0, (), ""), b"k" * 32)

    def noted(*pair: Any) -> bool:
        compared.append(pair)
        return False

    monkeypatch.setattr(hmac, "compare_digest", noted)
    assert verify(text, b"k" * 32) is None, "it was compared in another way"
    assert compared


def test_two_hashes_of_one_password_differ_and_are_both_right() -> None:
    hashes = {hash_password("right") for _ in range(2)}
    assert len(hashes) == 2
    assert all(verify_password("right", each) for each in hashes)
    assert not any("right" in each for each in hashes)
