"""Options of the content of images in the embedded Image API, with the names that Glance has."""

from collections.abc import Sequence
from dataclasses import dataclass

from oslo_config import cfg

IMAGE_FORMAT: Sequence[cfg.Opt] = (
    cfg.BoolOpt(
        "require_image_format_match",
        default=True,
        help="Refuse an upload to the embedded Image API whose data has another format than "
        "disk_format; raw accepts data of any format.",
    ),
    cfg.ListOpt(
        "vmdk_allowed_types",
        default=["streamOptimized", "monolithicSparse"],
        help="createTypes of VMDK images that may be uploaded. Other types than these two are "
        "never accepted.",
    ),
    cfg.ListOpt(
        "gpt_safety_checks_nonfatal",
        default=[],
        help="Safety checks that disks with a partition table need not pass: mbr.",
    ),
)


@dataclass(frozen=True, slots=True)
class ImageFormat:
    """What image data in the embedded Image API has to be."""

    require_image_format_match: bool
    vmdk_allowed_types: tuple[str, ...]
    gpt_safety_checks_nonfatal: tuple[str, ...]
