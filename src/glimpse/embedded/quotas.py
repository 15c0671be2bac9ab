"""Quotas: limits of each image, and of all images of a project together. Pure.

Names, units and messages are those of Glance's options, and of Glance's limits in Keystone.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from glimpse.embedded.usage import Usage
from glimpse.images.errors import ImageServiceError

MEBIBYTE = 1024 * 1024


class QuotaExceeded(ImageServiceError):
    """A project or an image has, or would have, more than a quota allows."""


@dataclass(frozen=True, slots=True)
class ImageQuotas:
    """The most properties, tags and members that an image may have; no limit if negative."""

    image_property_quota: int
    image_tag_quota: int
    image_member_quota: int

    def check_properties(self, count: int) -> None:
        """Raise QuotaExceeded if `count` is more than `image_property_quota`.

        A negative quota is no limit.
        """
        _check_count("image properties", count, self.image_property_quota)

    def check_tags(self, count: int) -> None:
        """Raise QuotaExceeded if `count` is more than `image_tag_quota`.

        A negative quota is no limit.
        """
        _check_count("image tags", count, self.image_tag_quota)

    def check_members(self, count: int) -> None:
        """Raise QuotaExceeded if `count` is more than `image_member_quota`.

        A negative quota is no limit.
        """
        _check_count("image members for this image", count, self.image_member_quota)


@dataclass(frozen=True, slots=True)
class ProjectQuotas:
    """How much the images of each project may take together.

    - `image_size_total` limits stored data, in MiB.
    - `image_stage_total` limits data that waits to be imported, in MiB.
    - `image_count_total` limits the number of images.
    - `image_count_uploading` limits the number of images that are being given data.
    - `user_storage_quota` limits stored data, in bytes; 0 is no limit.

    A negative value of the first four is no limit. As in Glance, sizes in MiB are rounded down: a
    limit of 1 MiB allows one byte less than 2 MiB. When data is about to be stored or staged, its
    size and that of the data so far are rounded down separately, and then added.

    An image counts for the project that owns it. A request is checked against the quotas of the
    caller's project: `project_id` and `usage` are those of that project.
    """

    image_size_total: int
    image_stage_total: int
    image_count_total: int
    image_count_uploading: int
    user_storage_quota: int

    def check_new_image(self, project_id: str | None, usage: Usage) -> None:
        """Raise QuotaExceeded if the project has more than `image_count_total` images.

        `usage` includes the new image. A negative limit is no limit.
        """
        _check_total(project_id, "image_count_total", self.image_count_total, usage.images - 1, 1)

    def check_upload(self, project_id: str | None, usage: Usage, size: int | None) -> None:
        """Raise QuotaExceeded if an upload of `size` bytes may not begin.

        The stored data and `size` together must not exceed `image_size_total` or
        `user_storage_quota`. If the size is unknown, `size` is None and counts as 0; then at least
        one byte of `user_storage_quota` must be left. At most `image_count_uploading` images may be
        given data at a time. `usage.uploading` must already count the image of the new upload, but
        `usage.size` must not yet count the data of the new upload.
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
        """Raise QuotaExceeded if `size` bytes may not be staged (stored to be imported later).

        The staged data and `size` together must not exceed `image_stage_total`. If `size` is None,
        the size is unknown, and counts as 0. At most `image_count_uploading` images may be given
        data at a time. `usage` includes the image that is being staged, without its data.
        """
        delta = (size or 0) // MEBIBYTE
        _check_total(
            project_id, "image_stage_total", self.image_stage_total, usage.staged // MEBIBYTE, delta
        )
        self._check_uploading(project_id, usage)

    def check_staged(self, project_id: str | None, usage: Usage) -> None:
        """Raise QuotaExceeded if the project has more than `image_stage_total` of staged data.

        `usage` includes the data that has just been staged. A negative limit is no limit.
        """
        used = usage.staged // MEBIBYTE
        _check_total(project_id, "image_stage_total", self.image_stage_total, used, 0)

    def check_import(self, project_id: str | None, usage: Usage) -> None:
        """Raise QuotaExceeded if the project has more than `image_size_total` of stored data.

        Call this method before an import, when the size of the new data is not known. A negative
        limit is no limit.
        """
        used = usage.size // MEBIBYTE
        _check_total(project_id, "image_size_total", self.image_size_total, used, 0)

    def _check_uploading(self, project_id: str | None, usage: Usage) -> None:
        limit = self.image_count_uploading
        _check_total(project_id, "image_count_uploading", limit, usage.uploading, 0)

    def check_stored(self, project_id: str | None, usage: Usage) -> None:
        """Raise QuotaExceeded if stored data exceeds `image_size_total` or `user_storage_quota`.

        `usage` includes the new data. This check is needed after `check_upload`, because uploads of
        unknown size or several uploads at the same time may exceed a quota.
        """
        used = usage.size // MEBIBYTE
        _check_total(project_id, "image_size_total", self.image_size_total, used, 0)
        if self.user_storage_quota and usage.size > self.user_storage_quota:
            raise _storage_full(None, self.user_storage_quota - usage.size)

    def remaining_bytes(self, usage: Usage) -> int | None:
        """Return how many more bytes may be stored; None if there is no limit.

        `image_size_total` and `user_storage_quota` are the limits. Returns 0 if `usage` exceeds
        one.
        """
        limits = [self.user_storage_quota] if self.user_storage_quota else []
        if self.image_size_total >= 0:
            limits.append(_most_bytes(self.image_size_total))
        return max(0, min(limits) - usage.size) if limits else None

    def remaining_staged_bytes(self, usage: Usage) -> int | None:
        """Return how many more bytes may be staged; None if there is no limit.

        The limit is `image_stage_total`. Returns 0 if `usage` exceeds the limit.
        """
        if self.image_stage_total < 0:
            return None
        return max(0, _most_bytes(self.image_stage_total) - usage.staged)

    def report(self, usage: Usage) -> dict[str, dict[str, int]]:
        """Return the usage and the limit of each quota: ``{name: {"usage": 3, "limit": 10}}``.

        The keys are ``image_size_total``, ``image_stage_total``, ``image_count_total`` and
        ``image_count_uploading``. The first two are in MiB, rounded down. A limit of -1 is no
        limit. If none of the four has a limit, returns {}. ``user_storage_quota`` is left out, as
        in Glance.
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
    """Yield `chunks`; raise QuotaExceeded if they have more than `remaining` bytes in all.

    The chunk that exceeds the limit is not yielded. If `remaining` is None, there is no limit.
    Raises what `chunks` raises.
    """
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if remaining is not None and size > remaining:
            raise _storage_full(None, remaining)
        yield chunk


def _most_bytes(mebibytes: int) -> int:
    """Return the most bytes that a limit in MiB allows: ``2**21 - 1`` for 1 MiB.

    Sizes are rounded down to full MiB, so one byte less than the next full MiB is still allowed.
    """
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
