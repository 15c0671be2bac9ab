"""The embedded services, opened with the declared defaults of the options."""

from pathlib import Path
from typing import Any

from glimpse.embedded.service import EmbeddedImageService
from glimpse.identity.embedded.identity import EmbeddedIdentity
from glimpse.settings import load_settings


def open_images(state_dir: Path, **changes: Any) -> EmbeddedImageService:
    """Open the image service in `state_dir`; `changes` replace the declared defaults."""
    options: dict[str, Any] = {"image_size_cap": load_settings().embedded.image_size_cap}
    return EmbeddedImageService.open(state_dir, **options | changes)


def open_identity(state_dir: Path, **changes: Any) -> EmbeddedIdentity:
    """Open the identity in `state_dir`; `changes` replace the declared defaults."""
    embedded = load_settings().embedded
    options: dict[str, Any] = {
        "token_expiration": embedded.token_expiration,
        "region_name": embedded.region_name,
    }
    return EmbeddedIdentity.open(state_dir, **options | changes)
