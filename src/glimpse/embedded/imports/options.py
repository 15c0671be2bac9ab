"""ImportOptions: the options of imports."""

from dataclasses import dataclass

from glimpse.embedded.imports.web_download import DownloadOptions


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """The options of imports.

    ``methods`` are those that are enabled. Each process runs ``max_running`` imports at a time,
    while ``max_waiting`` others wait.
    """

    methods: tuple[str, ...]
    max_running: int
    max_waiting: int
    downloads: DownloadOptions
