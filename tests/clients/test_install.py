"""Environments of clients can be installed at the same time, by threads of one process."""

from pathlib import Path

import pytest

from tests.clients import install as clients
from tests.support.virtual_environments import install


def test_no_thread_writes_an_interpreter_that_the_child_of_another_could_keep_open(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A copy that a process has open for writing cannot be run: "Text file busy"."""
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("# nothing\n")
    install(requirements, tmp_path / "environment", ())
    assert (tmp_path / "environment" / "bin" / "python").is_symlink()
    assert (tmp_path / "environment" / "installed.txt").read_text() == "# nothing\n"
    assert capsys.readouterr().out.startswith("Installing ")
    install(requirements, tmp_path / "environment", ())
    assert capsys.readouterr().out == "", "it is installed already"


@pytest.mark.parametrize(
    "client", sorted(file.parent.name for file in clients.HERE.glob("*/requirements.txt"))
)
def test_the_line_of_an_installation_has_the_version_of_the_client(
    client: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    requirements = clients.HERE / client / "requirements.txt"

    def fail(*_: object, **__: object) -> None:
        raise InterruptedError("nothing is installed here")

    monkeypatch.setattr("venv.create", fail)
    with pytest.raises(InterruptedError):
        clients.install_environment(requirements, tmp_path)
    words = capsys.readouterr().out.split()
    assert words[0] == "Installing"
    assert words[3] == "..."
    assert "==".join(words[1:3]) in requirements.read_text().splitlines()
