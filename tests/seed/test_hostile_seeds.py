"""Seeds that would take forever, or that PyYAML cannot load, are refused in one line."""

import os
from pathlib import Path

import pytest

from glimpse.app.embedded_options import embedded_options
from glimpse.seed.apply import read_seed
from glimpse.seed.errors import InvalidSeed
from glimpse.seed.seed import Seed
from glimpse.settings import load_settings

FAULT = "faults:\n- operation: image.list_images\n  status: 503\n  body: "
SERVER = "servers: [{name: web, project: demo, user: demo"
TYPE = "line 4, faults[0].body: a value of its type is expected; quote it if it is text."


def read(directory: Path, text: str) -> Seed:
    seed = directory / "cloud.yaml"
    seed.write_text(text)
    return read_seed(seed, embedded_options(load_settings()))


def refusal(directory: Path, text: str) -> str:
    """Return the problems of the seed in `text`, without its path."""
    with pytest.raises(InvalidSeed) as caught:
        read(directory, text)
    return str(caught.value).replace(f"{directory / 'cloud.yaml'}, ", "")


def aliases(levels: int) -> str:
    """Return a list whose entry number n stands for 9 ** n values."""
    lists = (f"&a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, levels))
    return f"[&a0 [x], {', '.join(lists)}]"


@pytest.mark.parametrize("before", [FAULT, "images: ", "? ", "domains:\n- ? "])
def test_aliases_that_stand_for_too_much_are_refused_at_once(tmp_path: Path, before: str) -> None:
    found = refusal(tmp_path, before + aliases(12))
    assert found == (
        "line 1: its aliases stand for too much: at most 1000000 values in all are allowed."
    )


def test_a_key_that_is_a_list_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, "? [a, b]\n: x") == "line 1: the key has to be text."


@pytest.mark.parametrize(
    "text", [r'faults: "\U00110000"', r'faults: "\UFFFFFFFF"', f"%YAML 1.{'9' * 5000}\n---\n{{}}"]
)
def test_numbers_that_no_character_or_version_has_are_refused(tmp_path: Path, text: str) -> None:
    found = refusal(tmp_path, text)
    assert found == r"line 1: a \U escape or the number in %YAML is out of range."


@pytest.mark.parametrize("text", ['"a\\nb": 1', 'faults: [{"a\\rb": 1}]', "a\0", "a\x1b: 1"])
def test_a_problem_with_unprintable_text_is_one_printable_line(tmp_path: Path, text: str) -> None:
    assert refusal(tmp_path, text).isprintable()


def test_many_images_may_have_the_same_properties_by_an_alias(tmp_path: Path) -> None:
    images = "- {name: first, owner: demo, properties: &p {os: linux, disk: virtio}}\n"
    images += "- {name: other, owner: demo, properties: *p}\n" * 200
    assert len(read(tmp_path, f"images:\n{images}").images) == 201


@pytest.mark.parametrize(
    "value",
    [
        *("2026-99-99", "!!int x", "!!float x", "!!bool x", "!!timestamp x", "0x_"),
        "9" * 5000,
    ],
)
def test_a_value_that_is_not_of_its_type_is_a_problem_of_the_fault(
    tmp_path: Path, value: str
) -> None:
    assert refusal(tmp_path, FAULT + value) == TYPE


@pytest.mark.parametrize("name", [r"a\0b", r"a\ud800b"])
def test_a_file_whose_name_cannot_be_one_is_a_problem_of_the_image(
    tmp_path: Path, name: str
) -> None:
    found = refusal(tmp_path, f'images: [{{owner: demo, data: {{file: "{name}"}}}}]')
    assert "images[0].data.file: text without NUL characters and lone surrogates" in found


@pytest.mark.parametrize("key", [r"a\0b", r"a\ud800b"])
@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ("", ": []", ""),
        ("images: [{owner: demo, ", ": x}]", ", images[0]"),
        ("images: [{owner: demo, properties: {", ": x}}]", ", images[0].properties"),
        ("images: [{owner: demo, members: {", ": pending}}]", ", images[0].members"),
        (f"{SERVER}, metadata: {{", ": x}}]", ", servers[0].metadata"),
        ("users: [{name: a, password: b, roles: {", ": []}}]", ", users[0].roles"),
        ("faults: [{status: 503, ", ": x}]", ", faults[0]"),
    ],
)
def test_a_key_that_cannot_be_stored_is_a_problem(
    tmp_path: Path, key: str, before: str, after: str, path: str
) -> None:
    found = refusal(tmp_path, f'{before}"{key}"{after}')
    assert found == f"line 1{path}: a key without NUL characters and lone surrogates is expected."


def test_a_pipe_is_no_data_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    found = refusal(tmp_path, "images: [{owner: demo, data: {file: pipe}}]")
    assert found.endswith(f"a readable file is expected: {tmp_path / 'pipe'}: Not a regular file.")


def test_a_device_without_an_end_is_no_data(tmp_path: Path) -> None:
    found = refusal(tmp_path, "images: [{owner: demo, data: {file: /dev/zero}}]")
    assert found.endswith("a readable file is expected: /dev/zero: Not a regular file.")


@pytest.mark.parametrize("value", ["!!int [1]", "!!int {a: 1}", "!!int x"])
def test_an_integer_that_is_tagged_but_is_none_is_a_problem(tmp_path: Path, value: str) -> None:
    found = refusal(tmp_path, f"images: [{{owner: demo, min_ram: {value}}}]")
    assert found == "line 1, images[0].min_ram: an integer from 0 to 2147483647 is expected."


@pytest.mark.parametrize("value", ["!!bool [true]", "!!bool {a: 1}", "!!bool x"])
def test_a_boolean_that_is_tagged_but_is_none_is_a_problem(tmp_path: Path, value: str) -> None:
    found = refusal(tmp_path, f"images: [{{owner: demo, protected: {value}}}]")
    assert found == "line 1, images[0].protected: true or false is expected."


@pytest.mark.parametrize("value", ["true", "Yes", "on"])
def test_a_boolean_may_be_any_word_of_yaml(tmp_path: Path, value: str) -> None:
    seed = read(tmp_path, f"images: [{{owner: demo, protected: {value}, os_hidden: Off}}]")
    image = seed.images[0].image
    assert (image.protected, image.os_hidden) == (True, False)
