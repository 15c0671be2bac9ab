"""Which texts compare equal: as in a recorded MariaDB with utf8_general_ci."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glimpse.embedded.text_comparison import comparison_form, index_form

LETTERS = st.text(
    st.sampled_from("aAáÀ eéßs\u017fi\u0131İ\u0301\u0345ийЙв\u0412ς\u03c3Σかが가ﬁ"), max_size=4
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("debian", "DEBIAN  "),
        ("débian", "Debian"),
        ("Ḗ", "e"),
        ("ς", "Σ"),
        ("ё", "\u0415"),
        ("\u017f", "S"),
    ],
)
def test_case_accents_and_spaces_at_the_end_do_not_count(one: str, other: str) -> None:
    assert comparison_form(one) == comparison_form(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("de\u0301bian", "debian"), ("か", "が"), ("и", "й"), (" a", "a"), ("a\t", "a"), ("ﬁ", "fi")],
)
def test_other_differences_make_texts_unequal(one: str, other: str) -> None:
    assert comparison_form(one) != comparison_form(other)


@given(LETTERS, LETTERS)
def test_equal_texts_fold_to_the_same_text(one: str, other: str) -> None:
    assert index_form(one) == index_form(other) or comparison_form(one) != comparison_form(other)
