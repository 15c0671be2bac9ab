from hypothesis import given
from hypothesis import strategies as st

from glimpse.identity.embedded.tokens import Token, new_audit_id, sign, verify

KEY = bytes(range(32))
TIMES = st.floats(0, 2**40)
TOKENS = st.builds(
    Token,
    user_id=st.text(st.characters(codec="utf-8"), max_size=64),
    project_id=st.none() | st.text(st.characters(codec="utf-8"), max_size=64),
    methods=st.lists(st.sampled_from(["password", "token"])).map(tuple),
    issued_at=TIMES,
    expires_at=TIMES,
    audit_ids=st.lists(st.builds(new_audit_id), max_size=2).map(tuple),
    password_mark=st.text("abc_-", max_size=12),
    application_credential_id=st.none() | st.just("c" * 32),
)


@given(TOKENS)
def test_what_is_signed_is_read_back(token: Token) -> None:
    assert verify(sign(token, KEY), KEY) == token


@given(TOKENS, st.integers(min_value=0), st.characters(min_codepoint=33, max_codepoint=0x2FF))
def test_a_token_with_any_other_character_in_it_is_refused(
    token: Token, position: int, character: str
) -> None:
    text = sign(token, KEY)
    index = position % len(text)
    changed = text[:index] + character + text[index + 1 :]
    assert verify(changed, KEY) == (token if changed == text else None)


@given(TOKENS)
def test_a_token_of_another_key_is_refused(token: Token) -> None:
    assert verify(sign(token, KEY), bytes(32)) is None


@given(st.text())
def test_any_text_is_refused_without_an_error(text: str) -> None:
    assert verify(text, KEY) is None
