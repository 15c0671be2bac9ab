"""assert_one_line_error: how every subcommand reports an error."""

import subprocess


def assert_one_line_error(done: subprocess.CompletedProcess[str], *texts: str) -> None:
    """Fail unless the command failed with one line on standard error that has these texts."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("glimpse: "), done.stderr
    assert texts, "name the error that is expected"
    assert [text for text in texts if text not in done.stderr] == [], done.stderr
