"""What `glimpse serve` and `check` print about options that have no effect."""

from pathlib import Path

import pytest

from tests.support.process import GlimpseProcess, free_port, run_glimpse

MISSPELLED = """
[glimpse]
prot = 8775
[glimps]
workers = 2
"""
MESSAGES = (
    "[glimpse] prot is unknown and has no effect: did you mean port?",
    "The section [glimps] is unknown and has no effect: did you mean [glimpse]?",
)
NOVA = """
[DEFAULT]
log_dir = {log_dir}
[api_database]
connection = mysql://nova@db/nova_api
[keystone_authtoken]
auth_type = password
auth_url = http://127.0.0.1:1/v3
username = nova
password = secret
project_name = service
user_domain_name = Default
project_domain_name = Default
"""


def warnings(process: GlimpseProcess) -> list[str]:
    return [line for line in process.log.read_text().splitlines() if " WARNING " in line]


def test_serve_logs_and_check_prints_what_is_misspelled(tmp_path: Path) -> None:
    conf = tmp_path / "glimpse.conf"
    conf.write_text(MISSPELLED)
    arguments = ["--config-file", str(conf)]
    with GlimpseProcess(tmp_path / "state", arguments=arguments) as process:
        assert process.stop() == 0
    logged = warnings(process)
    assert len(logged) == len(MESSAGES), logged
    for line, message in zip(logged, MESSAGES, strict=True):
        assert line.endswith(message)
    state = ["--state-dir", str(tmp_path / "state"), "--port", str(free_port())]
    printed = run_glimpse("check", *arguments, *state).stdout
    assert [line for line in printed.splitlines() if "unknown" in line] == [
        f"note  {message}" for message in MESSAGES
    ]


@pytest.mark.parametrize("command", ["serve", "check"])
def test_a_gateway_with_the_file_of_nova_leaves_its_log_alone(tmp_path: Path, command: str) -> None:
    log_dir, conf = tmp_path / "nova", tmp_path / "nova.conf"
    log_dir.mkdir()
    conf.write_text(NOVA.format(log_dir=log_dir))
    arguments = ["--config-file", str(conf)]
    message = f"[DEFAULT] log_dir = {log_dir} in {conf} has no effect: it is the log of the service"
    if command == "serve":
        with GlimpseProcess(tmp_path / "state", arguments=arguments) as process:
            assert process.stop() == 0
        lines = warnings(process)
    else:
        state = ["--state-dir", str(tmp_path / "state"), "--port", str(free_port())]
        lines = run_glimpse("check", *arguments, *state).stdout.splitlines()
    assert [line for line in lines if message in line], lines
    assert list(log_dir.iterdir()) == []
