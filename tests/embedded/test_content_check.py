"""Which formats of data an image may have, and the size of its disk."""

from dataclasses import dataclass, field

import pytest
from oslo_utils.imageutils import format_inspector

from glimpse.embedded.content_check import (
    INSPECTED_FORMATS,
    ContentRules,
    InvalidImageData,
    check_and_measure,
)
from glimpse.embedded.format_inspection import FoundFormat
from tests.support.parameter_ids import parameter_id

RULES = ContentRules(True, ("streamOptimized", "monolithicSparse"), ())  # noqa: FBT003
LENIENT = RULES._replace(require_image_format_match=False)
RAW = FoundFormat("raw")
QCOW2 = FoundFormat("qcow2", 5 * 2**30)
ISO = FoundFormat("iso", 5)
GPT = FoundFormat("gpt", 10)
VMDK = FoundFormat("vmdk", 5 * 2**30, subformat="streamoptimized")
UNSAFE = frozenset(("check",))
SIZE = 10  # bytes of data


@dataclass
class Content:
    """What an image is said to be, and what its data is."""

    disk_format: str | None
    found: tuple[FoundFormat, ...]
    container_format: str | None = "bare"
    rules: ContentRules = field(default=RULES, repr=False)

    def check(self) -> int | None:
        return check_and_measure(
            self.disk_format, self.container_format, self.found, SIZE, self.rules
        )


@pytest.mark.parametrize(
    ("content", "disk_size"),
    [
        (Content("raw", (RAW,)), SIZE),
        (Content("raw", (QCOW2,)), SIZE),
        (Content("raw", (GPT,)), SIZE),
        (Content("qcow2", (QCOW2,)), 5 * 2**30),
        (Content("iso", (GPT, ISO)), 5),
        (Content("vmdk", (VMDK,)), 5 * 2**30),
        (Content("qcow2", (FoundFormat("qcow2", 0),)), None),
        (Content("qcow2", (FoundFormat("qcow2", 2**64 - 1),)), None),
        (Content("ploop", (RAW,)), None),
        (Content("ami", (RAW,)), None),
        (Content("root-tar", (RAW,)), None),
        (Content("qcow2", (RAW,), "ovf"), None),
        (Content("qcow2", (QCOW2._replace(failed_checks=UNSAFE),), "docker"), None),
        (Content("ami", (GPT._replace(failed_checks=UNSAFE),), "ami"), None),
        (Content("qcow2", (RAW,), rules=LENIENT), None),
        (Content("qcow2", (GPT, QCOW2), rules=LENIENT), None),
        (Content("vhdx", (FoundFormat("vhdx", None),), rules=LENIENT), None),
        (Content("vhdx", (FoundFormat("vhdx", is_complete=False),), rules=LENIENT), None),
    ],
    ids=parameter_id,
)
def test_data_of_the_declared_format_has_a_disk_size(
    content: Content, disk_size: int | None
) -> None:
    assert content.check() == disk_size


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (Content("qcow2", (RAW,)), "disk_format qcow2 does not match stream data raw"),
        (Content("qcow2", (VMDK,)), "disk_format qcow2 does not match stream data vmdk"),
        (Content("ploop", (QCOW2,)), "disk_format ploop does not match stream data qcow2"),
        (Content("root-tar", (QCOW2,)), "disk_format root-tar does not match stream data qcow2"),
        (Content("luks", (RAW,)), "disk_format luks does not match stream data raw"),
        (Content(None, (RAW,)), "does not match"),
        (Content("qcow2", (GPT, QCOW2)), "Multiple formats detected: gpt,qcow2"),
        (Content("raw", (GPT, ISO)), "Multiple formats detected: gpt,iso"),
        (Content("raw", (GPT, QCOW2)), "Multiple formats detected: gpt,qcow2"),
        (Content("vhdx", (FoundFormat("vhdx", is_complete=False),)), "Incomplete file"),
        (Content("vhdx", (FoundFormat("vhdx", None),)), "inspection failed"),
    ],
    ids=parameter_id,
)
def test_data_of_another_format_is_refused(content: Content, message: str) -> None:
    with pytest.raises(InvalidImageData, match=message):
        content.check()


@pytest.mark.parametrize(
    "content",
    [
        Content("qcow2", (QCOW2._replace(failed_checks=UNSAFE),)),
        Content("qcow2", (QCOW2._replace(failed_checks=UNSAFE),), rules=LENIENT),
        Content("raw", (QCOW2._replace(failed_checks=UNSAFE),)),
        Content("raw", (GPT._replace(failed_checks=frozenset(("mbr",))),)),
        Content("vmdk", (VMDK,), rules=RULES._replace(vmdk_allowed_types=("monolithicSparse",))),
        Content("raw", (VMDK,), rules=RULES._replace(vmdk_allowed_types=())),
        Content("vmdk", (VMDK._replace(subformat=None),)),
    ],
    ids=parameter_id,
)
def test_dangerous_data_is_refused(content: Content) -> None:
    with pytest.raises(InvalidImageData, match="Image failed safety checks"):
        content.check()


def test_configured_checks_of_a_partition_table_need_not_be_passed() -> None:
    rules = RULES._replace(gpt_safety_checks_nonfatal=("mbr",))
    assert Content("raw", (GPT._replace(failed_checks=frozenset(("mbr",))),), rules=rules).check()
    for found in (GPT._replace(failed_checks=UNSAFE), QCOW2._replace(failed_checks=UNSAFE)):
        with pytest.raises(InvalidImageData):
            Content("raw", (found,), rules=rules).check()


def test_the_formats_that_inspectors_know_are_those_of_oslo_utils() -> None:
    assert set(INSPECTED_FORMATS) == set(format_inspector.ALL_FORMATS)
