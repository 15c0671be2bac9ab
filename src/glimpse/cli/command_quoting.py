"""quote_word: quotes a word of a shell command that a person copies."""

import shlex

from glimpse.telemetry.redaction import escape


def quote_word(word: str) -> str:
    r"""Return `word` as a shell reads it: ``'two words'``. A plain word is unchanged.

    A word with characters that are not printable becomes ``$'two\nlines'``, as bash and zsh read
    it. So the word is one line, and a terminal does not perform its control characters.
    """
    if word.isprintable():
        return shlex.quote(word)
    quoted = word.replace("\\", "\\\\").replace("'", "\\'")
    return f"$'{escape(quoted)}'"
