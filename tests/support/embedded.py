"""The embedded services, opened with the declared defaults of the options."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from glimpse.app.embedded_options import embedded_options
from glimpse.embedded.options import EmbeddedOptions
from glimpse.embedded.service import EmbeddedImageService
from glimpse.identity.embedded.identity import EmbeddedIdentity
from glimpse.settings import load_settings

IMAGE_FORMATS = embedded_options(load_settings()).image_formats  # the declared defaults


def open_images(state_dir: Path, **changes: Any) -> EmbeddedImageService:
    """Open the image service in `state_dir`.

    `changes` replace fields of EmbeddedOptions, which are the declared defaults, and other
    arguments of `EmbeddedImageService.open`.
    """
    changed = {field.name for field in fields(EmbeddedOptions)} & changes.keys()
    options = replace(
        embedded_options(load_settings()), **{name: changes.pop(name) for name in changed}
    )
    return EmbeddedImageService.open(state_dir, options=options, **changes)


def open_identity(state_dir: Path, **changes: Any) -> EmbeddedIdentity:
    """Open the identity in `state_dir`; `changes` replace the declared defaults."""
    embedded = load_settings().embedded
    options: dict[str, Any] = {
        "token_expiration": embedded.token_expiration,
        "region_name": embedded.region_name,
    }
    return EmbeddedIdentity.open(state_dir, **options | changes)
