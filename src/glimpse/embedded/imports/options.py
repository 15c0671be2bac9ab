"""ImportOptions: the options of imports."""

from dataclasses import dataclass

from glimpse.embedded.background_jobs import JobLimits
from glimpse.embedded.imports.web_download import DownloadOptions


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """The options of imports.

    ``methods`` are those that are enabled. ``limits`` are those of each process.
    """

    methods: tuple[str, ...]
    limits: JobLimits
    downloads: DownloadOptions
