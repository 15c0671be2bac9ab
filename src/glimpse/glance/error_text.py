"""extract_reason: finds the reason in the body of an error response.

The body may be JSON, HTML or plain text. A server may send any text, so each function takes time
linear in the length of its input.
"""

import html
import re

import orjson

_MAX_REASON_LENGTH = 1000  # characters
# Characters in which entities are replaced: `html.unescape` fails for a numeric entity
# (``&#1...;``) of more than 4,300 digits.
_MAX_UNESCAPED = 4000
_OPENING = re.compile("<(head|h1)>", re.IGNORECASE)
_CLOSING = {name: re.compile(f"</{name}>", re.IGNORECASE) for name in ("head", "h1")}
_TAG = re.compile(r"<[^<>]*>")
_STATUS_LINE = re.compile(r"^\s*\d{3} [A-Za-z ]+\n")


def extract_reason(body: bytes) -> str:
    """Return the reason in the body of an error response: one line, at most 1,000 characters.

    In a JSON object, the reason is ``error.message`` if ``error`` is an object, otherwise
    ``message``. In any other body, the reason is the whole text; bytes that are not UTF-8 become
    U+FFFD.

    Removes from every reason a first line such as ``404 Not Found``, the elements ``<head>`` and
    ``<h1>`` with their content, and all other tags without their content. Then replaces entities
    such as ``&lt;``. Returns an empty text if nothing is left, or if a JSON object has no text as a
    message.
    """
    text = body.decode(errors="replace")
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        parsed = None
    if isinstance(parsed, dict):
        inner = parsed.get("error")
        message = (inner if isinstance(inner, dict) else parsed).get("message")
        text = message if isinstance(message, str) else ""
    text = _TAG.sub(" ", remove_headings(_STATUS_LINE.sub("", text)))
    plain = " ".join(text.split())[:_MAX_UNESCAPED]
    return " ".join(html.unescape(plain).split())[:_MAX_REASON_LENGTH]


def remove_headings(text: str) -> str:
    """Return `text` with a space in place of each ``<head>...</head>`` and ``<h1>...</h1>``.

    The case of the tags is ignored. An element stays in place if its end tag is missing, or if its
    start tag has attributes.
    """
    kept: list[str] = []
    position = 0
    unclosed: set[str] = set()  # elements without an end tag in the rest of the text
    for opening in _OPENING.finditer(text):
        name = opening[1].lower()
        if opening.start() < position or name in unclosed:
            continue
        closing = _CLOSING[name].search(text, opening.end())
        if closing is None:
            unclosed.add(name)
            continue
        kept += (text[position : opening.start()], " ")
        position = closing.end()
    kept.append(text[position:])
    return "".join(kept)
