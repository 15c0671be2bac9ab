"""Quotas: how many images and how much data a project may have, and how large an image may be.

Pure. The names, units and messages are those of Glance: of its options, and of the limits that it
has in Keystone.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from glimpse.embedded.usage import Usage
from glimpse.images.errors import ImageServiceError

MEBIBYTE = 1024 * 1024


class QuotaExceeded(ImageServiceError):
    """A project, or an image, would have more than its quota allows."""


@dataclass(frozen=True, slots=True)
class ImageQuotas:
    """The most properties, tags and members that an image may have; unlimited if negative."""

    image_property_quota: int
    image_tag_quota: int
    image_member_quota: int

    def check_properties(self, count: int) -> None:
        """Raise QuotaExceeded for more than `image_property_quota` properties."""
        _check_count("image properties", count, self.image_property_quota)

    def check_tags(self, count: int) -> None:
        """Raise QuotaExceeded for more than `image_tag_quota` tags."""
        _check_count("image tags", count, self.image_tag_quota)

    def check_members(self, count: int) -> None:
        """Raise QuotaExceeded for more than `image_member_quota` members."""
        _check_count("image members for this image", count, self.image_member_quota)


@dataclass(frozen=True, slots=True)
class ProjectQuotas:
    """How much the images of each project may take.

    A limit is unlimited if it is negative, ``user_storage_quota`` if it is 0. Sizes are in MiB,
    ``user_storage_quota`` is in bytes. As in Glance, only full MiB count, and an image counts for
    the project that owns it, but the quota of the caller's project is checked.
    """

    image_size_total: int
    image_stage_total: int
    image_count_total: int
    image_count_uploading: int
    user_storage_quota: int

    def check_new_image(self, project_id: str | None, usage: Usage) -> None:
        """Raise QuotaExceeded if `usage`, which includes the new image, has too many images."""
        _check_total(project_id, "image_count_total", self.image_count_total, usage.images - 1, 1)

    def check_upload(self, project_id: str | None, usage: Usage, size: int | None) -> None:
        """Raise QuotaExceeded unless the upload of `size` bytes may begin; None is unknown.

        `usage` includes the image that is being uploaded, without its data.
        """
        delta = (size or 0) // MEBIBYTE
        _check_total(
            project_id, "image_size_total", self.image_size_total, usage.size // MEBIBYTE, delta
        )
        self._check_uploading(project_id, usage)
        remaining = self.user_storage_quota - usage.size
        if self.user_storage_quota and (remaining <= 0 if size is None else size > remaining):
            raise _storage_full(size, remaining)

    def check_staging(self, project_id: str | None, usage: Usage, size: int | None) -> None:
        """Raise QuotaExceeded unless the staging of `size` bytes may begin; None is unknown.

        `usage` includes the image that is being staged, without its data.
        """
        delta = (size or 0) // MEBIBYTE
        _check_total(
            project_id, "image_stage_total", self.image_stage_total, usage.staged // MEBIBYTE, delta
        )
        self._check_uploading(project_id, usage)

    def check_staged(self, project_id: str | None, usage: Usage) -> None:
        """Raise QuotaExceeded if `usage`, which includes the data just staged, has too much."""
        used = usage.staged // MEBIBYTE
        _check_total(project_id, "image_stage_total", self.image_stage_total, used, 0)

    def check_import(self, project_id: str | None, usage: Usage) -> None:
        """Raise QuotaExceeded unless an import may begin, whose size is not known."""
        used = usage.size // MEBIBYTE
        _check_total(project_id, "image_size_total", self.image_size_total, used, 0)

    def _check_uploading(self, project_id: str | None, usage: Usage) -> None:
        limit = self.image_count_uploading
        _check_total(project_id, "image_count_uploading", limit, usage.uploading, 0)

    def check_stored(self, project_id: str | None, usage: Usage) -> None:
        """Raise QuotaExceeded if `usage`, which includes the new data, has too many bytes.

        This finds what `check_upload` cannot: uploads of unknown size, and several at the same
        time.
        """
        used = usage.size // MEBIBYTE
        _check_total(project_id, "image_size_total", self.image_size_total, used, 0)
        if self.user_storage_quota and usage.size > self.user_storage_quota:
            raise _storage_full(None, self.user_storage_quota - usage.size)

    def remaining_bytes(self, usage: Usage) -> int | None:
        """Return how many bytes more may be stored; None is unlimited."""
        limits = [self.user_storage_quota] if self.user_storage_quota else []
        if self.image_size_total >= 0:
            limits.append(_most_bytes(self.image_size_total))
        return max(0, min(limits) - usage.size) if limits else None

    def remaining_staged_bytes(self, usage: Usage) -> int | None:
        """Return how many bytes more may be staged; None is unlimited."""
        if self.image_stage_total < 0:
            return None
        return max(0, _most_bytes(self.image_stage_total) - usage.staged)

    def report(self, usage: Usage) -> dict[str, dict[str, int]]:
        """Return the usage and the limit of each quota by its name; {} if none is set.

        A limit of -1 is unlimited. ``user_storage_quota`` is not among them, as in Glance.
        """
        limits = {
            "image_size_total": (usage.size // MEBIBYTE, self.image_size_total),
            "image_stage_total": (usage.staged // MEBIBYTE, self.image_stage_total),
            "image_count_total": (usage.images, self.image_count_total),
            "image_count_uploading": (usage.uploading, self.image_count_uploading),
        }
        if all(limit < 0 for _, limit in limits.values()):
            return {}
        return {
            name: {"usage": used, "limit": max(limit, -1)} for name, (used, limit) in limits.items()
        }


async def limit_bytes(chunks: AsyncIterator[bytes], remaining: int | None) -> AsyncIterator[bytes]:
    """Yield `chunks`; raise QuotaExceeded as soon as they have more than `remaining` bytes.

    None is unlimited.
    """
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if remaining is not None and size > remaining:
            raise _storage_full(None, remaining)
        yield chunk


def _most_bytes(mebibytes: int) -> int:
    """Return the most bytes that do not exceed a limit in MiB: only full MiB count."""
    return (mebibytes + 1) * MEBIBYTE - 1


def _check_total(project_id: str | None, name: str, limit: int, used: int, delta: int) -> None:
    if 0 <= limit < used + delta:
        raise QuotaExceeded(
            f"Project {project_id} is over a limit for [Resource {name} is over limit of {limit} "
            f"due to current usage {used} and delta {delta}]"
        )


def _check_count(things: str, count: int, limit: int) -> None:
    if 0 <= limit < count:
        raise QuotaExceeded(
            f"The limit has been exceeded on the number of allowed {things}. "
            f"Attempted: {count}, Maximum: {limit}"
        )


def _storage_full(size: int | None, remaining: int) -> QuotaExceeded:
    return QuotaExceeded(
        f"Image exceeds the storage quota: The size of the data {size} will exceed the limit. "
        f"{remaining} bytes remaining."
    )
