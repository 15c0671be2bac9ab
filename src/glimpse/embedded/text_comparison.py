"""Text comparison: which texts of a query and an image are equal, as in Glance. Pure."""

import functools
import unicodedata

from glimpse.caching.short_arguments import cache_if_short

# Forms of texts with more characters are not cached, because clients choose texts. With _CACHED
# entries, each of the two caches of this module takes at most 2 MB; 5 MB if every character takes
# four bytes.
MAX_CACHED_LENGTH = 128
_CACHED = 4096


@cache_if_short(longest=MAX_CACHED_LENGTH, entries=_CACHED)
def index_form(text: str) -> str:
    """Return the form of a text by which an index finds it: case-folded, without accents.

    Spaces at the end are removed, too. Texts with the same `comparison_form` have the same index
    form, but texts with different ones may have it, too. So compare the `comparison_form` of what
    an index finds. Catalogs on disk have hashes of index forms: a change of this function needs a
    migration of them.
    """
    if not text.isascii():
        text = "".join(
            each for each in unicodedata.normalize("NFD", text) if not unicodedata.combining(each)
        )
    return text.casefold().rstrip(" ")


@cache_if_short(longest=MAX_CACHED_LENGTH, entries=_CACHED)
def comparison_form(text: str) -> str:
    """Return a form that is the same for all texts that the Image service treats as equal.

    Most Image services have MariaDB with utf8_general_ci, which ignores case, accents, and spaces
    at the end: ``type=BASE`` finds images of type ``base``. These are not ignored: case and accents
    of other scripts than Latin, Greek and Cyrillic, combining characters, and the accent of the
    Cyrillic short i.
    """
    if text.isascii():
        return text.lower().rstrip(" ")
    return "".join(map(_letter, text)).rstrip(" ")


def _letter(character: str) -> str:
    """Return the comparison form of one character."""
    if character < _END_OF_CYRILLIC or "\u1e00" <= character < "\u2000":
        return _base_letter(character)
    return character


@functools.cache  # at most 1,840 characters: `_letter` passes those of two ranges only
def _base_letter(character: str) -> str:
    """Return a Latin, Greek or Cyrillic letter in lower case and without its accent.

    The short i keeps its accent. Other characters are returned as they are, and so is a letter that
    has several in lower case: ``ß`` is ``ss`` case-folded.
    """
    if character in _SHORT_I:
        return character.lower()
    letter = unicodedata.normalize("NFD", character)[0]
    return letter.casefold() if letter.isalpha() and len(letter.casefold()) == 1 else character


_END_OF_CYRILLIC = "\u0530"
_SHORT_I = "\u0419\u0439"
