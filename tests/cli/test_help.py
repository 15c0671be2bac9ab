"""``--help`` of each subcommand has defaults, examples that are valid, and variables."""

import re
import shlex

import pytest

from glimpse.cli.help_texts import EXAMPLES
from glimpse.cli.main import COMMANDS, main, make_parser
from glimpse.settings import load_settings
from glimpse.settings.ignored_variables import IGNORED
from glimpse.settings.loading import default_state_dir


def help_of(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Return the help of a command, with single spaces in place of white space."""
    with pytest.raises(SystemExit) as exited:
        main([*command.split(), "--help"])
    assert exited.value.code == 0
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_has_examples_with_valid_arguments(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = help_of(command, capsys)
    for example in EXAMPLES[command]:
        assert example in text
        plain = re.sub(r'^eval "\$\((.*)\)"$| > .*$', r"\1", example)
        program, *arguments = shlex.split(plain)
        assert program == "glimpse"
        assert make_parser(command).parse_args(arguments).command == command


@pytest.mark.parametrize(
    "command", [each for each in COMMANDS if each not in ("sample-config", "completion")]
)
def test_the_help_names_environment_variables(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = help_of(command, capsys)
    assert "OS_GLIMPSE__PORT=8775" in text
    assert "XDG_DATA_HOME" in text


@pytest.mark.parametrize("command", ["serve", "check", "openrc", "clouds"])
def test_the_defaults_in_the_help_are_those_of_the_options(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    server = load_settings().server
    state_dir = str(default_state_dir({})).replace("/home/ann", "~")
    text = help_of(command, capsys)
    for option, default in (("host", server.host), ("port", server.port), ("state-dir", state_dir)):
        assert re.search(rf"--{option} [A-Z]+ [^(]*\(default: {default}\)", text), (option, text)
    if command == "serve":
        assert f"number of processes (default: {server.workers})" in text


@pytest.mark.parametrize("command", ["serve", "check", "load", "user add"])
def test_the_help_says_which_configuration_files_are_read(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        "--config-file FILE configuration file, such as a nova.conf; may be repeated, and a later "
        "file overrides those before it; no other file is read (default: none)"
    ) in help_of(command, capsys)


@pytest.mark.parametrize("command", ["serve", "check"])
def test_the_help_names_the_variables_for_certificate_authorities(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    variables = help_of(command, capsys).partition("environment variables: ")[2]
    assert "SSL_CERT_FILE, SSL_CERT_DIR the certificate authorities that calls to" in variables
    for name in IGNORED:
        assert re.search(rf"\b{name}\b.* have no effect", variables), name


@pytest.mark.parametrize("command", ["user add", "project add", "user list", "project remove"])
def test_actions_have_a_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "--state-dir DIR where everything is kept" in help_of(command, capsys)
