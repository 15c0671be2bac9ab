"""Options of image formats in the embedded Image API, with the names that Glance uses."""

from collections.abc import Sequence
from dataclasses import dataclass

from oslo_config import cfg

IMAGE_FORMAT: Sequence[cfg.Opt] = (
    cfg.ListOpt(
        "container_formats",
        default=["ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed"],
        help="Container formats that images in the embedded Image API may get.",
    ),
    cfg.ListOpt(
        "disk_formats",
        default=[
            *("ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop"),
        ],
        help="Disk formats that images in the embedded Image API may get. Of a format that is not "
        "among the default ones, the data is not checked, but it may not have a known format.",
    ),
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
    """[image_format]: which formats embedded images may have, and how their data is checked.

    - ``container_formats`` and ``disk_formats``: the formats that images may get.
    - ``require_image_format_match``: True if an upload is refused whose data has another format
      than the image's ``disk_format``. ``raw`` allows any data.
    - ``vmdk_allowed_types``: the createTypes that uploaded VMDK data may have. Only
      ``streamOptimized`` and ``monolithicSparse`` can be allowed; other names have no effect.
    - ``gpt_safety_checks_nonfatal``: the safety checks that a disk with a partition table may
      fail. The only name with an effect is ``mbr``.
    """

    container_formats: tuple[str, ...]
    disk_formats: tuple[str, ...]
    require_image_format_match: bool
    vmdk_allowed_types: tuple[str, ...]
    gpt_safety_checks_nonfatal: tuple[str, ...]
