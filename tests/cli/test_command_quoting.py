"""Words of shell commands that a person copies."""

import subprocess

import pytest

from glimpse.cli.command_quoting import quote_word


@pytest.mark.parametrize(
    "word",
    [
        "ann",
        "two words",
        "$(id)",
        "`id`",
        "it's",
        "new\nline",
        "a'b\\n\x1b[31m",
        "\u202ertl",
        "é\x7f",
    ],
)
def test_a_shell_reads_the_same_word_from_one_printable_line(word: str) -> None:
    quoted = quote_word(word)
    assert quoted.isprintable()
    environment = {"LC_ALL": "C.UTF-8"}
    command = ["bash", "-c", f"printf %s {quoted}"]
    done = subprocess.run(command, capture_output=True, check=True, env=environment)
    assert done.stdout.decode() == word
