"""An invalid option is one line that names it, and exit status 1."""

from pathlib import Path

import pytest

from glimpse.cli.main import main
from glimpse.settings import InvalidSettings, load_settings


@pytest.mark.parametrize(
    ("section", "option"),
    [
        *(("glimpse", "state_dir"), ("glimpse", "host"), ("DEFAULT", "log_file")),
        *(("DEFAULT", "log_dir"), ("healthcheck", "disable_by_file_path"), ("metrics", "host")),
        *(("oslo_policy", "policy_file"), ("keystone_authtoken", "cafile"), ("api", "sunset")),
    ],
)
def test_a_nul_character_in_a_configuration_file_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], section: str, option: str
) -> None:
    conf = tmp_path / "glimpse.conf"
    conf.write_text(f"[{section}]\n{option} = /a\0b\n")
    assert main(["serve", "--config-file", str(conf)]) == 1
    error = capsys.readouterr().err
    assert (
        error
        == f"glimpse: The value of [{section}] {option} contains a NUL character: '/a\\x00b'\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        *(["--state-dir", "a\0b"], ["--host", "a\0b"], ["--config-file", "a\0b"]),
        *(["load", "a\0b"], ["check", "--state-dir", "\0"], ["openrc", "\0"], ["\0"]),
    ],
)
def test_a_nul_character_on_the_command_line_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("glimpse: an argument contains a NUL character: ")
    assert error.count("\n") == 1


@pytest.mark.parametrize("log", ["no-such-directory/log", "file/log", ""])
def test_a_log_file_that_cannot_be_written_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], log: str
) -> None:
    (tmp_path / "file").touch()
    conf = tmp_path / "glimpse.conf"
    conf.write_text(
        f"[DEFAULT]\nlog_file = {tmp_path / log}\n[glimpse]\nstate_dir = {tmp_path}/state\n"
    )
    assert main(["serve", "--config-file", str(conf)]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"glimpse: cannot write the log file {tmp_path / log}: ")
    assert error.count("\n") == 1


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "0", "-1", "soon"])
@pytest.mark.parametrize(
    ("section", "option"),
    [("glimpse", "client_timeout"), ("glance", "timeout"), ("glance", "connect_timeout")],
)
def test_a_timeout_that_is_no_positive_finite_number_is_refused(
    tmp_path: Path, section: str, option: str, value: str
) -> None:
    conf = tmp_path / "glimpse.conf"
    conf.write_text(f"[{section}]\n{option} = {value}\n")
    with pytest.raises(InvalidSettings, match=option):
        load_settings([conf])


def test_an_option_that_refers_to_itself_is_refused(tmp_path: Path) -> None:
    conf = tmp_path / "glimpse.conf"
    conf.write_text("[glimpse]\nhost = $host\n")
    with pytest.raises(InvalidSettings, match="refers to itself"):
        load_settings([conf])
