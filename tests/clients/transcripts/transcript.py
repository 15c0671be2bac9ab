"""Transcripts: commands of a client, and what it prints when the cloud is a real one.

    # A comment.
    owner$ openstack image show 11111111-1111-4111-8111-111111111111 -c status -f value
    active
    owner$ openstack image show none
    No Image found for none
    exit 1

A prompt names the user. ``owner until active$`` repeats the command until it prints that text;
``owner quietly$`` leaves out what a command prints, because that depends on how far an import is.
In a command, ``${name}`` stands for a value that `run` gets.
"""

import contextlib
import json
import re
import shlex
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import Template

_PROMPT = re.compile(
    r"^(?P<user>[a-z]+)(?: until (?P<awaited>[a-z]+)|(?P<quietly> quietly))?\$ (?P<text>.*)$"
)
_WAIT_SECONDS = 60.0  # far more than an import takes; only a failing test waits for so long
# What differs from run to run. A replacement has the same length, so that tables keep their width.
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?")
_UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_HEX = re.compile(r"\b[0-9a-f]{32}\b")
_URL = re.compile(r"http://127\.0\.0\.1:\d+(/image|/identity)?")
# What the cloud says about an error, after its status code; and the checksum of such a text
_MESSAGES = (
    re.compile(r"(?<=Error for url: )(\S+?), .*"),
    re.compile(r"(?<=HTTP )(\d{3} [A-Z][A-Za-z ]+): [^()\n]*"),
    re.compile(r"()(?<=!= )[0-9a-f]{64,}"),
)

# Runs a command, its words, as a user; returns the output and the exit status.
Client = Callable[[str, Sequence[str]], tuple[str, int]]


@dataclass(frozen=True)
class Entry:
    """A command of a user, the comment lines before it, and its output, normalized.

    The command is repeated until the output has `awaited`. If `quietly` is not empty, the output is
    left out.
    """

    user: str
    text: str
    output: str = ""
    awaited: str = ""
    quietly: str = ""
    comment: str = ""

    def __str__(self) -> str:
        until = f" until {self.awaited}" if self.awaited else ""
        return f"{self.comment}{self.user}{until}{self.quietly}$ {self.text}\n{self.output}"


def parse(transcript: str) -> list[Entry]:
    """Return the entries of a transcript."""
    entries: list[Entry] = []
    comment = output = ""
    for line in transcript.splitlines(keepends=True):
        prompt = _PROMPT.match(line)
        if line.startswith("#"):
            comment += line
        elif prompt:
            entries.append(Entry(**prompt.groupdict(""), comment=comment))
            comment = output = ""
        else:
            output += line
            entries[-1] = Entry(**{**vars(entries[-1]), "output": output})
    return entries


def run(
    entries: Iterable[Entry], client: Client, values: Mapping[str, str], known: Iterable[str]
) -> str:
    """Run the commands; return the transcript.

    `values` are those of ``${name}`` in commands; ids in `known` are the same in each run.
    """
    keep = frozenset(known)
    parts = []
    for entry in entries:
        words = [Template(word).substitute(values) for word in shlex.split(entry.text)]
        deadline = time.monotonic() + _WAIT_SECONDS
        output, status = client(entry.user, words)
        while entry.awaited not in output and time.monotonic() < deadline:
            time.sleep(0.1)
            output, status = client(entry.user, words)
        shown = "" if entry.quietly else normalize(output, keep)
        shown += f"exit {status}\n" if status else ""
        parts.append(str(Entry(**{**vars(entry), "output": shown})))
    return "".join(parts)


def normalize(output: str, known: frozenset[str]) -> str:
    """Replace dates, ids that are not known, URLs and messages of the cloud; drop empty lines."""

    def hide(found: re.Match[str]) -> str:
        return found[0] if found[0] in known else re.sub(r"[0-9a-f]", "x", found[0])

    with contextlib.suppress(ValueError):  # JSON: the order of keys has no meaning
        output = json.dumps(json.loads(output), indent=2, sort_keys=True)
    text = _UUID.sub(hide, _DATE.sub(lambda found: re.sub(r"\d", "0", found[0]), output))
    text = _URL.sub("http://cloud", _HEX.sub(hide, text))
    for message in _MESSAGES:
        text = message.sub(r"\1...", text)
    lines = (line.rstrip() for line in text.splitlines())
    return "".join(f"{line}\n" for line in lines if line)
