"""Decide by Glance's rules if an image may have its data, and how large its disk is. Pure.

The functions do not read the data: `inspect_formats` has inspected it before.
"""

from collections.abc import Sequence
from typing import NamedTuple

from glimpse.embedded.format_inspection import FoundFormat
from glimpse.images.errors import ImageServiceError

_MAX_SIZE = 2**53  # bytes, exclusive: no disk is larger, so the header is wrong
# Disk formats that oslo.utils can inspect. An image in another disk format may have any data in
# which none of these formats is found.
INSPECTED_FORMATS = ("raw", "qcow2", "vhd", "vhdx", "vmdk", "vdi", "qed", "iso", "gpt", "luks")


class InvalidImageData(ImageServiceError):
    """The data of an image has the wrong format, is incomplete or malformed, or is dangerous."""


class ContentRules(NamedTuple):
    """Which data an image may have. The fields are options of [image_format], as in Glance.

    - `require_image_format_match`: if False, data is accepted that has another format than the
      image's disk format, or is incomplete or malformed. Data in another format is then not checked
      for safety.
    - `vmdk_allowed_types`: the createTypes that a VMDK file may have. Case does not matter.
      oslo.utils accepts only ``streamOptimized`` and ``monolithicSparse``, so other types are
      refused even if they are listed.
    - `gpt_safety_checks_nonfatal`: the safety checks whose failure is ignored for a disk with a
      partition table.
    """

    require_image_format_match: bool
    vmdk_allowed_types: tuple[str, ...]
    gpt_safety_checks_nonfatal: tuple[str, ...]


def check_and_measure(
    disk_format: str | None,
    container_format: str | None,
    formats: Sequence[FoundFormat],
    size: int,
    rules: ContentRules,
) -> int | None:
    """Check an image's data; return the size of its disk in bytes, or None if it is unknown.

    `formats` is what `inspect_formats` found in the data: at least one. `size` is the length of the
    data in bytes. If `container_format` is not ``bare``, returns None without a check.

    The data must have exactly one format, and the format must be `disk_format`. There are three
    exceptions:

    - If `disk_format` is ``raw``, the data may have any one format. The disk's size is `size`.
    - If `disk_format` is ``iso``, the data may be ``iso`` and ``gpt`` at once.
    - If `disk_format` is a text that is not in INSPECTED_FORMATS, such as ``ami``, the data must
      have no known format. The disk's size is unknown.

    Raises InvalidImageData if the data has the wrong format, is incomplete, or has a malformed
    header. If `rules.require_image_format_match` is False, returns None for such data instead.
    Always raises InvalidImageData if data of the right format fails a safety check (see
    `_check_safety`). A size of 0, or of 2**53 bytes or more, counts as unknown.
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
    """The data does not match the image's disk format, is incomplete, or is malformed."""


def _check_format(disk_format: str | None, formats: Sequence[FoundFormat]) -> None:
    """Raise _UnexpectedFormat if an image with `disk_format` may not have data in `formats`.

    The data must have exactly one format. Which one depends on `disk_format`:

    - ``raw``: any format.
    - Another format in INSPECTED_FORMATS: the same format.
    - A format that is not in INSPECTED_FORMATS, such as ``ami``: ``raw``, which means that no known
      format was found.
    - None: always raises.
    """
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
    """Raise InvalidImageData if the data fails a safety check, or is a forbidden VMDK.

    For example, a qcow2 image with a backing file fails a check. A VMDK must have a createType of
    `rules.vmdk_allowed_types`. In the format ``gpt``, failures of the checks in
    `rules.gpt_safety_checks_nonfatal` are ignored. Raises _UnexpectedFormat if the data is
    incomplete, so that the checks could not be run.
    """
    if not found.is_complete:
        raise _UnexpectedFormat("Incomplete file cannot be safety checked")
    failed = found.failed_checks
    if found.name == "gpt":
        failed = failed - set(rules.gpt_safety_checks_nonfatal)
    allowed = {each.lower() for each in rules.vmdk_allowed_types}
    if failed or (found.name == "vmdk" and found.subformat not in allowed):
        raise InvalidImageData("Image failed safety checks")


def _disk_size(disk_format: str | None, found: FoundFormat, size: int) -> int | None:
    """Return the size of the disk in bytes; None for a size of 0, or of 2**53 bytes or more.

    If `disk_format` is ``raw``, the size is `size`, the length of the data in bytes. Otherwise the
    size is that of `found`. Returns None if `found` is ``raw``, because data without a known format
    has no size in its header. Raises _UnexpectedFormat if the header is so malformed that the size
    cannot be computed.
    """
    if disk_format == "raw":
        disk_size: int | None = size
    else:
        disk_size = 0 if found.name == "raw" else found.disk_size
    if disk_size is None:
        raise _UnexpectedFormat("Image format inspection failed")
    return disk_size if 0 < disk_size < _MAX_SIZE else None
