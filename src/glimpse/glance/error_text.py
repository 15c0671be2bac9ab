"""The reason in the body of an error: a sentence out of JSON, HTML or plain text.

A broken or hostile server may send anything: each function takes time in proportion to its text.
"""

import html
import re

import orjson

_LONGEST_REASON = 1000
# Characters that are unescaped: what entities stand for is shorter, and the standard library fails
# for a number (``&#1...;``) of more than 4,300 digits.
_MOST_UNESCAPED = 4000
_OPENING = re.compile("<(head|h1)>", re.IGNORECASE)
_CLOSING = {name: re.compile(f"</{name}>", re.IGNORECASE) for name in ("head", "h1")}
_TAG = re.compile(r"<[^<>]*>")
_STATUS_LINE = re.compile(r"^\s*\d{3} [A-Za-z ]+\n")


def reason_of(body: bytes) -> str:
    """The sentence in the body of an error; may be empty."""
    text = body.decode(errors="replace")
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        parsed = None
    if isinstance(parsed, dict):
        inner = parsed.get("error")
        message = (inner if isinstance(inner, dict) else parsed).get("message")
        text = message if isinstance(message, str) else ""
    text = _TAG.sub(" ", without_headings(_STATUS_LINE.sub("", text)))
    plain = " ".join(text.split())[:_MOST_UNESCAPED]
    return " ".join(html.unescape(plain).split())[:_LONGEST_REASON]


def without_headings(text: str) -> str:
    """`text` with a space in place of each ``<head>...</head>`` and ``<h1>...</h1>``."""
    kept: list[str] = []
    place = 0
    endless: set[str] = set()  # elements that have no end in the rest of the text
    for opening in _OPENING.finditer(text):
        name = opening[1].lower()
        if opening.start() < place or name in endless:
            continue
        closing = _CLOSING[name].search(text, opening.end())
        if closing is None:
            endless.add(name)
            continue
        kept += (text[place : opening.start()], " ")
        place = closing.end()
    kept.append(text[place:])
    return "".join(kept)
