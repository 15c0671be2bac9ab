"""What the author of a seed with several mistakes is told: one line for each, all at once."""

from pathlib import Path

import pytest

from tests.support.process import run_glimpse

ROLE_ID = "0" * 32


def refusal(directory: Path, text: str) -> list[str]:
    """Return the lines that `glimpse serve` prints for a seed, without the path of the seed."""
    seed = directory / "cloud.yaml"
    seed.write_text(text)
    done = run_glimpse("serve", "--ephemeral", "--port", "0", "--seed", str(seed))
    assert done.returncode == 1, done.stdout
    return [line.removeprefix(f"glimpse: {seed}, ") for line in done.stderr.splitlines()]


def test_a_missing_file_is_reported_with_the_other_problems(tmp_path: Path) -> None:
    (tmp_path / "disk.img").write_bytes(b"no disk")
    found = refusal(
        tmp_path,
        """\
images:
  - {name: a, owner: red, data: {file: none.qcow2}}
  - {name: b, owner: nobody, data: {file: missing.img}}
  - {name: c, owner: red, disk_format: vmdk, data: {file: disk.img}}
projects:
  - {name: red, tags: dev}
""",
    )
    missing = "a readable file is expected: {}: No such file or directory."
    assert [line.partition(": Image disk_format")[0] for line in found] == [
        f"line 2, images[0].data: {missing.format(tmp_path / 'none.qcow2')}",
        f"line 3, images[1].data: {missing.format(tmp_path / 'missing.img')}",
        "line 3, images[1].owner: the name or id of a project is expected; there are: red.",
        "line 4, images[2].data: data in the format vmdk is expected",
        "line 6, projects[0].tags: a list is expected.",
    ]


def test_an_entry_of_the_identity_is_reported_with_the_other_problems(tmp_path: Path) -> None:
    found = refusal(
        tmp_path,
        f"""\
projects: [{{name: red}}]
users: [{{name: ann, password: secret, roles: {{red: ["{ROLE_ID}"]}}}}]
images: [{{name: disk, owner: red, data: {{file: none.img}}}}]
""",
    )
    assert len(found) == 2, found
    assert found[0].endswith(f"no role has the id {ROLE_ID}.")
    assert found[1].startswith("line 3, images[0].data: a readable file is expected: ")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "images: [{name: a, ownr: demo}]",
            "images[0].ownr: this key is unknown: did you mean owner?",
        ),
        ("images: [{ownr: nobody}]", "images[0].ownr: this key is unknown: did you mean owner?"),
        (
            "images: [{owner: demo, data: {fille: a.img}}]",
            "images[0].data.fille: this key is unknown: did you mean file?",
        ),
        (
            "images: [{owner: demo, status: active, siz: 1}]",
            "images[0].siz: this key is unknown: did you mean size?",
        ),
        (
            "users: [{name: ann, pasword: secret}]",
            "users[0].pasword: this key is unknown: did you mean password?",
        ),
        ("faults: [{staus: 503}]", "faults[0].staus: this key is unknown: did you mean status?"),
        (
            "faults: [{status: 503, operation: image.list_imags}]",
            "faults[0].operation: no operation matches it: did you mean image.list_images?",
        ),
        (
            "faults: [{status: 503, method: get}]",
            "faults[0].method: no method matches it: did you mean GET?",
        ),
    ],
)
def test_one_misspelled_word_is_one_line(tmp_path: Path, text: str, line: str) -> None:
    assert refusal(tmp_path, text) == [f"line 1, {line}"]


def test_each_problem_of_a_fault_is_a_line(tmp_path: Path) -> None:
    found = refusal(tmp_path, "faults: [{staus: 503, operation: image.*x, first: 0}]")
    assert [line.partition(": ")[0] for line in found] == [
        "line 1, faults[0].first",
        "line 1, faults[0].operation",
        "line 1, faults[0].staus",
    ]
