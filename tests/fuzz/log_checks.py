"""LogChecks: reads a log as it grows; finds tracebacks, secrets and control characters."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from tests.fuzz.values import CANARY

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CRASH = re.compile(
    r"Traceback \(most recent|Unexpected error|Exception in|exception was never retrieved|"
    r"The application (?:failed|returned)|Error in |coroutine .* was never awaited|"
    r"Task was destroyed"
)
_BEGINNING = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \d+ [A-Z]+ [\w.]+ \[")
_REQUEST_ID = re.compile(r"req-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ERROR = re.compile(r"^[a-zA-Z_][\w.]*(?:\b: .{0,60}|$)", re.MULTILINE)
# A mutation may join a secret to a word; then the redaction cannot recognize it.
_SECRET = re.compile(rf"(?<![A-Za-z]){CANARY}")
_SHOWN = 1200  # characters at the end of a record


class Finding(NamedTuple):
    """A log record that must not exist. `request_id` is None if the line has none."""

    kind: str
    line: str
    request_id: str | None


class LogChecks:
    """Checks of one log file. Call `findings` repeatedly, and at the end with `last`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = path.stat().st_size if path.exists() else 0
        self._rest = b""

    def findings(self, secrets: Iterable[str], *, last: bool = False) -> Iterator[Finding]:
        """Yield a finding for each problem of the records since the last call."""
        known = tuple(secrets)
        for record in self._records(last=last):
            for kind in self._problems(record, known):
                text = record.decode(errors="backslashreplace")
                if kind.startswith("traceback"):
                    errors = _ERROR.findall(text) or [""]
                    named = f"{kind}: {errors[-1]}"
                else:
                    named = kind
                found = _REQUEST_ID.search(text)
                yield Finding(named, text[-_SHOWN:], found[0] if found else None)

    def _records(self, *, last: bool) -> Iterator[bytes]:
        """Yield the complete records: a line that begins one, and the lines up to the next."""
        with self._path.open("rb") as file:
            file.seek(self._position)
            content = file.read()
        self._position += len(content)
        lines = (self._rest + content).split(b"\n")
        starts = [n for n, line in enumerate(lines) if _BEGINNING.match(line)]
        ends = [*starts[1:], len(lines)]
        if lines and starts[:1] != [0]:
            starts, ends = [0, *starts], [starts[0] if starts else len(lines), *ends]
        records = [b"\n".join(lines[a:b]).rstrip(b"\n") for a, b in zip(starts, ends, strict=False)]
        self._rest = b"" if last else b"\n".join(lines[starts[-1] :])
        yield from (record for record in (records if last else records[:-1]) if record)

    def _problems(self, record: bytes, secrets: tuple[str, ...]) -> list[str]:
        try:
            text = record.decode()
        except UnicodeDecodeError:
            return ["log line that is not UTF-8"]
        found = []
        if _CRASH.search(text):
            found.append("traceback in the log")
            text = text.replace("\n", " ")
        elif "\n" in text or not _BEGINNING.match(record):
            return ["log line without a beginning"]
        if _CONTROL.search(text):
            found.append("control character in the log")
        if _SECRET.search(text) or ("%" in text and _SECRET.search(unquote(unquote(text)))):
            found.append("secret of the fuzzer in the log")
        if any(secret in text for secret in secrets):
            found.append("token or password in the log")
        return found
