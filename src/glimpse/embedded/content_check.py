"""Decide by the rules of Glance whether an image may have its data, and how large its disk is.

Pure: `format_inspection` has inspected the data before.
"""

from collections.abc import Sequence
from typing import NamedTuple

from glimpse.embedded.format_inspection import FoundFormat
from glimpse.images.errors import ImageServiceError

_MAX_SIZE = 2**53  # bytes, exclusive: a larger size is no disk's
# Disk formats that an inspector of oslo.utils knows. Data in others is accepted unless it has a
# known format.
INSPECTED_FORMATS = ("raw", "qcow2", "vhd", "vhdx", "vmdk", "vdi", "qed", "iso", "gpt", "luks")


class InvalidImageData(ImageServiceError):
    """The data of an image is not what its disk format says, or is dangerous to use."""


class ContentRules(NamedTuple):
    """What image data has to be; the fields are options of [image_format], as in Glance.

    Without `require_image_format_match`, data may have another format than the image. A VMDK needs
    one of the createTypes in `vmdk_allowed_types`, whose case does not matter; oslo.utils allows
    none but the two of the default. `gpt_safety_checks_nonfatal` names checks that a disk with a
    partition table need not pass.
    """

    require_image_format_match: bool
    vmdk_allowed_types: tuple[str, ...]
    gpt_safety_checks_nonfatal: tuple[str, ...]


def check_content(
    disk_format: str | None,
    container_format: str | None,
    formats: Sequence[FoundFormat],
    size: int,
    rules: ContentRules,
) -> int | None:
    """Return the size in bytes of the disk in `size` bytes of data; None if it is not known.

    `formats` are those of `inspect_formats`. Data in a container other than ``bare`` is not
    checked, and the size of its disk is not known. Otherwise the data must have one format, which
    is `disk_format`. There are these exceptions:

    - Data of an ISO image may be bootable as a disk, too (``gpt``).
    - With `disk_format` ``raw``, the data may have any one format: the data itself is the disk.
    - A disk format that no inspector knows, such as one of the operator's own, needs data without a
      known format.
    - Without ``require_image_format_match`` in `rules`, data may have another format, or several:
      it is not checked then, and the size of its disk is not known.

    The data must pass the safety checks of its format. Raises InvalidImageData.
    """
    if container_format != "bare":
        return None
    if disk_format == "iso" and {each.name for each in formats} == {"iso", "gpt"}:
        formats = [each for each in formats if each.name == "iso"]
    try:
        _check_format(disk_format, formats)
        _check_safety(formats[0], rules)
        return _disk_size(disk_format, formats[0], size)
    except _UnexpectedFormat:
        if rules.require_image_format_match:
            raise
        return None


class _UnexpectedFormat(InvalidImageData):
    """The data is not what `disk_format` says, or is malformed."""


def _check_format(disk_format: str | None, formats: Sequence[FoundFormat]) -> None:
    """Raise _UnexpectedFormat unless an image in `disk_format` may have data in `formats`."""
    if len(formats) > 1:
        names = ",".join(each.name for each in formats)
        raise _UnexpectedFormat(f"Multiple formats detected: {names}")
    found = formats[0].name
    is_unknown = found == "raw" and disk_format not in (None, *INSPECTED_FORMATS)
    if not is_unknown and disk_format not in ("raw", found):
        raise _UnexpectedFormat(
            f"Image disk_format {disk_format} does not match stream data {found}"
        )


def _check_safety(found: FoundFormat, rules: ContentRules) -> None:
    """Raise InvalidImageData for data that is dangerous, _UnexpectedFormat if it is incomplete."""
    if not found.is_complete:
        raise _UnexpectedFormat("Incomplete file cannot be safety checked")
    failed = found.failed_checks
    if found.name == "gpt":
        failed = failed - set(rules.gpt_safety_checks_nonfatal)
    allowed = {each.lower() for each in rules.vmdk_allowed_types}
    if failed or (found.name == "vmdk" and found.subformat not in allowed):
        raise InvalidImageData("Image failed safety checks")


def _disk_size(disk_format: str | None, found: FoundFormat, size: int) -> int | None:
    """Return the size of the disk in `size` bytes of data; None if it is not known.

    Raises _UnexpectedFormat if the header that should have the size is malformed.
    """
    if disk_format == "raw":
        disk_size: int | None = size
    else:
        disk_size = 0 if found.name == "raw" else found.disk_size
    if disk_size is None:
        raise _UnexpectedFormat("Image format inspection failed")
    return disk_size if 0 < disk_size < _MAX_SIZE else None
