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


@pytest.mark.parametrize(
    ("section", "option", "value", "reason"),
    [
        ("glimpse", "workers", "none", "it is no integer"),
        ("glimpse", "port", "99999", "it has to be less than or equal to 65535"),
        ("glance", "timeout", "soon", "it is no number"),
        ("DEFAULT", "debug", "maybe", "it is neither true nor false"),
        ("api", "auth_strategy", "x", "it has to be one of embedded, keystone, noauth, noauth2"),
        ("healthcheck", "path", "health", "it does not match the regular expression ^/"),
    ],
)
def test_an_invalid_value_is_named_with_its_place_and_a_reason(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    section: str,
    option: str,
    value: str,
    reason: str,
) -> None:
    conf, later = tmp_path / "glimpse.conf", tmp_path / "later.conf"
    conf.write_text(f"[{section}]\n{option} = {value}\n")
    later.write_text("[quota]\n")
    found = f"[{section}] {option} = {value}"
    with pytest.raises(InvalidSettings) as refused:
        load_settings([conf, later])
    assert str(refused.value).startswith(f"{found} in {conf} is invalid: {reason}")
    variable = f"OS_{section.upper()}__{option.upper()}"
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidSettings) as refused:
        load_settings([later])
    assert str(refused.value).startswith(f"{found} in the variable {variable} is invalid: {reason}")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[DEFAULT]\nosapi_max_limit = x\n", "[DEFAULT] osapi_max_limit = x"),
        ("[DEFAULT]\nosapi_max_limit = 5\n[api]\nmax_limit = x\n", "[api] max_limit = x"),
        ("[DEFAULT]\nmax_request_body_size = x\n", "[DEFAULT] max_request_body_size = x"),
        (
            "[DEFAULT]\nosapi_max_request_body_size = x\nmax_request_body_size = 5\n",
            "[DEFAULT] osapi_max_request_body_size = x",
        ),
    ],
)
def test_an_invalid_value_of_an_older_name_is_shown_with_that_name(
    tmp_path: Path, text: str, shown: str
) -> None:
    conf = tmp_path / "nova.conf"
    conf.write_text(text)
    with pytest.raises(InvalidSettings) as refused:
        load_settings([conf])
    assert str(refused.value) == f"{shown} in {conf} is invalid: it is no integer."


def test_an_invalid_argument_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--workers", "0"]) == 1
    assert capsys.readouterr().err == (
        "glimpse: [glimpse] workers = 0 on the command line is invalid: "
        "it has to be greater than or equal to 1.\n"
    )


@pytest.mark.parametrize("workers", ["0", "1025", "100000"])
def test_too_few_or_too_many_workers_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], workers: str
) -> None:
    assert main(["serve", "--state-dir", str(tmp_path), "--workers", workers]) == 1
    error = capsys.readouterr().err
    assert f"workers = {workers}" in error
    assert error.count("\n") == 1
