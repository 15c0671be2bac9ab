"""Tokens: a signed token can be read, and any other text is refused."""

import base64

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glimpse.identity.embedded.tokens import Token, TokenKeys, new_audit_id

KEY, OTHER_KEY = bytes(range(32)), bytes(32)
KEYS = TokenKeys([KEY])
# A token of Glimpse 0.1, which wrote no key id, with KEY and the password "secret".
STORED_TOKEN = (
    "WyIxMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMSIsInBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH"
    "BwIixbInBhc3N3b3JkIl0sMTcwMDAwMDAwMC4wLDQxMDI0NDQ4MDAuMCxbIkFBQUFBQUFBQUFBQUFBQUFBQUFBQUEi"
    "XSwib0hYYXo5XzNCMGFVIixudWxsXQ.j0zTQ5jOaFTVZbRxciLx50PSWMCpxVyLZpg2R8klA9I"
)
TIMES = st.floats(0, 2**40)
TOKENS = st.builds(
    Token,
    user_id=st.text(st.characters(codec="utf-8"), max_size=64),
    project_id=st.none() | st.text(st.characters(codec="utf-8"), max_size=64),
    methods=st.lists(st.sampled_from(["password", "token"])).map(tuple),
    issued_at=TIMES,
    expires_at=TIMES,
    audit_ids=st.lists(st.builds(new_audit_id), max_size=2).map(tuple),
    password_fingerprint=st.text("abc_-", max_size=12),
    application_credential_id=st.none() | st.just("c" * 32),
    domain_id=st.none() | st.just("default"),
    is_system=st.booleans(),
    key_id=st.just(KEYS.signing_key_id),
)


@given(TOKENS)
def test_signed_token_can_be_read(token: Token) -> None:
    assert KEYS.verify(KEYS.sign(token)) == token


@given(TOKENS, st.integers(min_value=0), st.characters(min_codepoint=33, max_codepoint=0x2FF))
def test_token_with_a_changed_character_is_refused(
    token: Token, position: int, character: str
) -> None:
    text = KEYS.sign(token)
    index = position % len(text)
    changed = text[:index] + character + text[index + 1 :]
    assert KEYS.verify(changed) == (token if changed == text else None)


@given(TOKENS)
def test_token_of_another_key_is_refused(token: Token) -> None:
    assert TokenKeys([OTHER_KEY]).verify(KEYS.sign(token)) is None


@given(st.text())
def test_arbitrary_text_is_refused(text: str) -> None:
    assert KEYS.verify(text) is None


def test_token_of_version_0_1_is_read_with_any_of_the_keys() -> None:
    keys = TokenKeys([OTHER_KEY, KEY])
    token = keys.verify(STORED_TOKEN)
    assert token is not None
    assert (token.user_id, token.project_id, token.methods) == ("1" * 32, "p" * 32, ("password",))
    assert (token.issued_at, token.expires_at) == (1700000000.0, 4102444800.0)
    assert token.key_id == KEYS.signing_key_id
    assert token.password_fingerprint == keys.password_fingerprint("secret", token.key_id)
    assert TokenKeys([OTHER_KEY]).verify(STORED_TOKEN) is None


def test_first_key_signs_and_all_keys_verify() -> None:
    token = Token("user", None, (), 0.0, 1.0, (), "", key_id=KEYS.signing_key_id)
    old_text = KEYS.sign(token)
    rotated = TokenKeys([OTHER_KEY, KEY])
    assert rotated.signing_key_id == TokenKeys([OTHER_KEY]).signing_key_id
    assert rotated.verify(old_text) == token
    new_text = rotated.sign(token._replace(key_id=rotated.signing_key_id))
    assert rotated.verify(new_text) == token._replace(key_id=rotated.signing_key_id)
    assert KEYS.verify(new_text) is None


def test_signature_of_one_key_is_refused_under_the_id_of_another() -> None:
    rotated = TokenKeys([OTHER_KEY, KEY])
    _, payload, signature = KEYS.sign(
        Token("user", None, (), 0.0, 1.0, (), "", key_id=KEYS.signing_key_id)
    ).split(".")
    for forged in (f"{rotated.signing_key_id}.{payload}.{signature}", f"{payload}.{signature}"):
        assert rotated.verify(forged) is None


@pytest.mark.parametrize("keys", [[], [b""], [b"short"], [KEY, KEY[:-1]]])
def test_keys_of_another_length_are_refused(keys: list[bytes]) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        TokenKeys(keys)


@pytest.mark.parametrize("project_id", ["p" * 32, None])
def test_payload_without_domain_or_system_is_that_of_version_0_1(project_id: str | None) -> None:
    token = Token("u", project_id, ("password",), 1.0, 2.0, ("audit",), "mark", "c" * 32)
    payload = KEYS.sign(token._replace(key_id=KEYS.signing_key_id)).split(".")[1]
    values = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert values == ["u", project_id, ["password"], 1.0, 2.0, ["audit"], "mark", "c" * 32]
