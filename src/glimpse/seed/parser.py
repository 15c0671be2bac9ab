"""parse_seed: makes a Seed of the text of a seed file. Reads no files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from glimpse.embedded.image_formats import ImageFormats
from glimpse.faults.rules import FaultRule, InvalidRule, parse_rule
from glimpse.identity.embedded.identity_document_parser import parse_directory
from glimpse.identity.embedded.password_hashes import NO_PASSWORD
from glimpse.seed.errors import InvalidSeed, Problem
from glimpse.seed.identity_section import IdentitySections
from glimpse.seed.image_section import ImageSection
from glimpse.seed.reader import Place, SeedReader
from glimpse.seed.seed import ImageSeed, Seed
from glimpse.seed.server_section import parse_servers
from glimpse.servers.server import Server

# The default date of the first image and of servers: a seed makes the same cloud at every start.
DEFAULT_DATE = "2026-01-01T00:00:00Z"
SECTIONS = (
    *("domains", "projects", "users", "application_credentials", "images", "servers", "faults"),
)


def parse_seed(text: str, source: str, directory: Path, formats: ImageFormats) -> Seed:
    """Return the seed in `text`, YAML or JSON in the format that docs/testing.md describes.

    `source` names the seed in messages. Relative paths of image data start in `directory`; their
    files are not read. `formats` are those that images may have. Raises InvalidSeed with all
    problems.
    """
    reader = SeedReader(source)
    root = reader.root(text)
    sections = reader.mapping(root, SECTIONS) if root is not None else {}
    identity = IdentitySections(reader, sections)
    images: tuple[ImageSeed, ...] = ()
    by_name: dict[str, str] = {}
    if "images" in sections:
        section = ImageSection(
            reader,
            sections["images"],
            projects=identity.projects,
            directory=directory,
            formats=formats,
            now=DEFAULT_DATE,
        )
        images, by_name = section.images, section.by_name
    servers: tuple[Server, ...] | None = None
    if "servers" in sections:
        servers = parse_servers(
            reader,
            sections["servers"],
            projects=identity.projects,
            users=identity.users,
            images=by_name,
            now=DEFAULT_DATE,
        )
    faults = _faults(reader, sections["faults"]) if "faults" in sections else ()
    reader.raise_problems()
    _check_identity(source, identity.document)
    return Seed(identity.document, images, servers, faults)


def _faults(reader: SeedReader, section: Place) -> tuple[FaultRule, ...]:
    """Parse the section of faults, whose entries `faults.rules.parse_rule` describes."""
    rules = []
    for place in reader.sequence(section):
        values = reader.any_mapping(place)
        try:
            rules.append(parse_rule({key: reader.plain(each) for key, each in values.items()}))
        except InvalidRule as error:
            reader.refuse(values.get(error.key, place), error.expected)
    return tuple(rules)


def _check_identity(source: str, document: Mapping[str, Any]) -> None:
    """Raise InvalidSeed for invalid entries, which the identity file would leave out."""
    credentials = [
        {**each, "secret_hash": NO_PASSWORD} for each in document["application_credentials"]
    ]
    directory = parse_directory({**document, "application_credentials": credentials})
    if directory.invalid_entries:
        invalid = directory.invalid_entries.items()
        raise InvalidSeed(source, [Problem(1, entry, f"{why}.") for entry, why in invalid])
