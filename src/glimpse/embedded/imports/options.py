"""ImportOptions: the options of imports."""

from dataclasses import dataclass

from glimpse.embedded.background_jobs import JobLimits
from glimpse.embedded.imports.web_download import DownloadOptions


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """The options of imports.

    ``methods`` are the import methods that are enabled. ``limits`` says how many imports each
    process may run, and how many may wait. ``downloads`` are the options of web-download.
    """

    methods: tuple[str, ...]
    limits: JobLimits
    downloads: DownloadOptions
