"""quote_word: quotes a word of a shell command that a person copies."""

import shlex

from glimpse.telemetry.redaction import escape


def quote_word(word: str) -> str:
    r"""Return `word` quoted for a shell: ``'two words'``. A plain word is unchanged.

    A word with characters that are not printable becomes one line with escapes, such as
    ``$'two\nlines'``, which bash and zsh understand. So a terminal shows the escapes, and does not
    execute control characters.
    """
    if word.isprintable():
        return shlex.quote(word)
    quoted = word.replace("\\", "\\\\").replace("'", "\\'")
    return f"$'{escape(quoted)}'"
