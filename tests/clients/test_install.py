"""The environments of clients can be installed at the same time, by threads of one process."""

from pathlib import Path

from tests.support.virtual_environments import install


def test_no_thread_writes_an_interpreter_that_the_child_of_another_could_keep_open(
    tmp_path: Path,
) -> None:
    """A copy that a process has open for writing cannot be run: "Text file busy"."""
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("# nothing\n")
    install(requirements, tmp_path / "environment")
    assert (tmp_path / "environment" / "bin" / "python").is_symlink()
    assert (tmp_path / "environment" / "installed.txt").read_text() == "# nothing\n"
