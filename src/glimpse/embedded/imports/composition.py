"""make_imports: makes and connects the objects that run the imports of a process."""

from glimpse.embedded.background_jobs import LimitedJobs
from glimpse.embedded.catalog import Catalog
from glimpse.embedded.directory_store import DirectoryStore
from glimpse.embedded.imports.image_imports import ImageImports
from glimpse.embedded.imports.import_flow import ImportFlow
from glimpse.embedded.imports.import_records import ImportRecords
from glimpse.embedded.imports.options import ImportOptions
from glimpse.embedded.imports.resolver import SystemResolver
from glimpse.embedded.imports.staged_uploads import StagedUploads
from glimpse.embedded.imports.task_admin import TaskAdmin
from glimpse.embedded.imports.web_download import WebDownloads
from glimpse.embedded.uploads import Uploads
from glimpse.images import Permissions


def make_imports(
    catalog: Catalog,
    uploads: Uploads,
    staging: DirectoryStore,
    records: ImportRecords,
    options: ImportOptions,
    size_cap: int,
    permissions: Permissions,
) -> tuple[ImageImports, TaskAdmin]:
    """Make the objects for the imports of a process: one for users, one for admins.

    Starts no import: the caller calls `ImageImports.recover` at the start. Both objects share the
    limits `options.limits`, and `ImageImports.close` stops the imports of both. `staging` stores
    data that waits to be imported. An image may have at most `size_cap` bytes of data.
    """
    jobs = LimitedJobs(options.limits)
    downloads = WebDownloads(options.downloads, SystemResolver(options.downloads.timeouts.connect))
    flow = ImportFlow(catalog, uploads, staging, records, downloads, jobs, size_cap)
    imports = ImageImports(
        catalog,
        uploads,
        StagedUploads(catalog, staging, uploads, records.clock),
        records,
        downloads,
        flow,
        jobs,
        options.methods,
        permissions,
    )
    return imports, TaskAdmin(catalog, uploads, records, downloads, flow, jobs, permissions)
