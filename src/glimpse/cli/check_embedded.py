"""The findings of ``glimpse check`` about the embedded services."""

from collections.abc import Iterator
from pathlib import Path

from glimpse.app.embedded_options import embedded_options
from glimpse.cli.finding import Finding
from glimpse.embedded.sqlite.schema import CATALOG_FILE, MIGRATIONS, UnusableCatalog, read_summary
from glimpse.identity.embedded.identity_document import (
    complete_document,
    decode_document,
)
from glimpse.identity.embedded.identity_document_parser import parse_directory
from glimpse.identity.embedded.identity_file import FILE_NAME
from glimpse.identity.embedded.private_files import InvalidStateFile
from glimpse.identity.noauth import RemoteNoAuthRefused, check_noauth_bind
from glimpse.settings import InvalidSettings, Settings


def check_embedded(settings: Settings) -> Iterator[Finding]:
    """Yield findings about the catalog, imports and identity. Creates and changes nothing.

    A "FAIL" finding says which file or option cannot be used. Keystone is not called.
    """
    yield _catalog(settings.server.state_dir)
    yield _imports(settings)
    match settings.api.auth_strategy:
        case "noauth":
            yield _noauth(settings)
        case "keystone":
            yield Finding("note", "tokens are validated by Keystone, which is not tried here")
        case "embedded":
            yield _identity_file(settings.server.state_dir / FILE_NAME)


def _catalog(state_dir: Path) -> Finding:
    try:
        version, count = read_summary(state_dir / CATALOG_FILE)
    except UnusableCatalog as error:
        return Finding("FAIL", str(error))
    if version == 0:
        return Finding("ok", "there is no catalog yet: serving would create it")
    text = f"the catalog opens and holds {count} images"
    if version < len(MIGRATIONS):
        text += f"; serving would migrate it from schema version {version} to {len(MIGRATIONS)}"
    return Finding("ok", text)


def _imports(settings: Settings) -> Finding:
    try:
        imports = embedded_options(settings).imports
        imports.downloads.tls_context()
    except InvalidSettings as error:
        return Finding("FAIL", str(error))
    except OSError as error:
        return Finding("FAIL", f"[import] cafile cannot be used: {error}")
    if not imports.methods:
        return Finding("ok", "imports are turned off")
    return Finding("ok", f"data of images can be imported by {', '.join(imports.methods)}")


def _noauth(settings: Settings) -> Finding:
    try:
        check_noauth_bind(settings.server.host, settings.api.allow_remote_noauth)
    except RemoteNoAuthRefused as error:
        return Finding("FAIL", str(error))
    return Finding("ok", "noauth: tokens name callers and are not checked")


def _identity_file(file: Path) -> Finding:
    try:
        if file.exists():
            parse_directory(complete_document(decode_document(file.read_bytes())))
    except (OSError, InvalidStateFile) as error:
        return Finding("FAIL", f"{file} cannot be used: {error}")
    return Finding("ok", "users and tokens are kept in the state directory")
