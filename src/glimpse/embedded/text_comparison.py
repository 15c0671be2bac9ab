"""Text comparison: which texts the Image service treats as equal, as in Glance. Pure."""

import functools
import unicodedata

from glimpse.caching.short_arguments import cache_if_short

# Clients choose the texts, so only the forms of texts with at most MAX_CACHED_LENGTH characters are
# cached. With _CACHED entries, each of the two caches of this module takes at most 2 MB, or 5 MB if
# every character takes four bytes.
MAX_CACHED_LENGTH = 128
_CACHED = 4096


@cache_if_short(longest=MAX_CACHED_LENGTH, entries=_CACHED)
def index_form(text: str, /) -> str:
    """Return `text` as the listing index has it: case-folded, without accents.

    Spaces at the end are removed, too: ``"Débian "`` -> ``"debian"``. Texts with the same
    `comparison_form` have the same index form. Other texts may have that index form, too, so
    compare the `comparison_form` of each text that an index finds.

    Catalogs on disk have hashes of index forms: a change of this function needs a migration of all
    catalogs.
    """
    if not text.isascii():
        text = "".join(
            each for each in unicodedata.normalize("NFD", text) if not unicodedata.combining(each)
        )
    return text.casefold().rstrip(" ")


@cache_if_short(longest=MAX_CACHED_LENGTH, entries=_CACHED)
def comparison_form(text: str, /) -> str:
    """Return the form of `text` in which the Image service compares texts.

    Texts that the Image service treats as equal have the same form. Case, accents and spaces at the
    end make no difference: ``"Débian "`` -> ``"debian"``. This is the rule of MariaDB's
    utf8_general_ci, which most Image services use. As there, the form keeps:

    - case and accents in scripts other than Latin, Greek and Cyrillic, and of full-width and other
      rare Latin letters
    - combining characters
    - the accent of the Cyrillic short i

    The form also keeps a letter that case-folds to several letters even without its accent, such as
    ``ß``.
    """
    if text.isascii():
        return text.lower().rstrip(" ")
    return "".join(map(_letter, text)).rstrip(" ")


def _letter(character: str) -> str:
    """Return the comparison form of one character.

    Only Latin, Greek and Cyrillic letters have another form than themselves.
    """
    if character < _END_OF_CYRILLIC or "\u1e00" <= character < "\u2000":
        return _base_letter(character)
    return character


@functools.cache  # at most 1,840: `_letter` passes only characters of two ranges
def _base_letter(character: str) -> str:
    """Return a Latin, Greek or Cyrillic letter, case-folded, without accent: ``É`` -> ``e``.

    The Cyrillic short i keeps its accent. Characters that are no letters are returned unchanged. A
    letter that case-folds to several letters even without its accent is returned unchanged, too:
    ``ß`` would become ``ss``.
    """
    if character in _SHORT_I:
        return character.lower()
    letter = unicodedata.normalize("NFD", character)[0]
    return letter.casefold() if letter.isalpha() and len(letter.casefold()) == 1 else character


_END_OF_CYRILLIC = "\u0530"
_SHORT_I = "\u0419\u0439"
