"""Finding: a line that ``glimpse check`` prints, as text or JSON."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

import orjson

from glimpse.cli.standard_streams import print_output
from glimpse.telemetry.redaction import sanitize

# FAIL: serving would not work. note: the operator should know this; for example, a setting has no
# effect, a service is not tried or is unavailable, or a process serves already.
Severity = Literal["ok", "note", "FAIL"]


class Finding(NamedTuple):
    """The result of one check. `text` is for the operator.

    The severity is "FAIL" if ``glimpse serve`` would not work with these settings, "note" for
    anything else that the operator should know, such as an unavailable service, and otherwise "ok".
    """

    severity: Severity
    text: str


def print_findings(findings: Iterable[Finding], *, as_json: bool) -> bool:
    """Print a line for each finding as it comes; return True if no finding is a FAIL.

    With `as_json`, prints one JSON object after the last finding instead. Secrets in texts are
    hidden. Raises CommandFailed if the output cannot be written, BrokenPipeError if the output is a
    pipe that nobody reads, and the errors of `findings`.
    """
    printed = []
    for finding in findings:
        printed.append({"severity": finding.severity, "text": sanitize(finding.text)})
        if not as_json:
            print_output("{severity:4}  {text}\n".format(**printed[-1]))
    is_ok = all(each["severity"] != "FAIL" for each in printed)
    if as_json:
        document = orjson.dumps({"ok": is_ok, "findings": printed}, option=orjson.OPT_INDENT_2)
        print_output(f"{document.decode()}\n")
    return is_ok
