"""parse_seed: makes a Seed of the text of a seed file."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from glimpse.embedded.image_formats import ImageFormats
from glimpse.faults.rules import FaultRule, InvalidRule, parse_rule
from glimpse.identity.embedded.identity_document_parser import parse_directory
from glimpse.identity.embedded.password_hashes import NO_PASSWORD
from glimpse.seed.default_ids import DEFAULT_DATE
from glimpse.seed.identity_section import SeededIdentity, parse_identity
from glimpse.seed.image_section import FindDataProblem, SeededImages, parse_images
from glimpse.seed.known_entries import KnownEntries
from glimpse.seed.operation_names import OPERATION_NAMES
from glimpse.seed.reader import SeedReader
from glimpse.seed.seed import Seed
from glimpse.seed.server_section import parse_servers
from glimpse.seed.yaml_document import Place, parse_yaml
from glimpse.servers.server import Server

SECTIONS = (
    *("domains", "projects", "users", "application_credentials", "images", "servers", "faults"),
)


def parse_seed(
    text: str,
    source: str,
    directory: Path,
    formats: ImageFormats,
    find_data_problem: FindDataProblem,
) -> Seed:
    """Return the seed in `text`, which is YAML or JSON; docs/testing.md describes its format.

    `source` names the seed in messages. Relative paths of files start in `directory`. `formats` are
    the formats that images may have. `find_data_problem` checks the data of each image. An empty
    `text` is a seed without sections.

    Raises InvalidSeed with the problems of the seed. If `text` is not valid YAML, the error has
    only that problem. Some problems are found only when others are mended: the content of an
    image's data is checked if the image has no other problem, and references to roles if the
    identity sections have none.
    """
    reader = SeedReader(source)
    root = parse_yaml(text, source)
    sections = reader.read_mapping(root, SECTIONS) if root is not None else {}
    identity = _identity(reader, sections)
    images = SeededImages((), KnownEntries())
    if "images" in sections:
        images = parse_images(
            reader,
            sections["images"],
            projects=identity.projects,
            directory=directory,
            formats=formats,
            find_data_problem=find_data_problem,
            now=DEFAULT_DATE,
        )
    servers = _servers(reader, sections, identity, images.ids)
    faults = _faults(reader, sections["faults"]) if "faults" in sections else ()
    reader.raise_problems()
    return Seed(identity.document, images.images, servers, faults)


def _servers(
    reader: SeedReader,
    sections: Mapping[str, Place],
    identity: SeededIdentity,
    images: KnownEntries,
) -> tuple[Server, ...] | None:
    """Return the servers; None if the section ``servers`` is missing or null.

    `images` are the images that a server may refer to. `reader` records problems.
    """
    if "servers" not in sections:
        return None
    return parse_servers(
        reader,
        sections["servers"],
        projects=identity.projects,
        users=identity.users,
        images=images,
        now=DEFAULT_DATE,
    )


def _faults(reader: SeedReader, section: Place) -> tuple[FaultRule, ...]:
    """Return the fault rules of a section; `reader` records problems.

    `faults.rules.parse_rule` describes a rule. An invalid rule is left out.
    """
    rules = []
    for place in reader.read_list(section):
        values = reader.read_any_mapping(place)
        try:
            rule = {key: reader.read_plain(each) for key, each in values.items()}
            rules.append(parse_rule(rule, OPERATION_NAMES))
        except InvalidRule as error:
            for key, message in error.problems:
                reader.report(values.get(key, place), message)
    return tuple(rules)


def _identity(reader: SeedReader, sections: Mapping[str, Place]) -> SeededIdentity:
    """Parse the identity sections; `reader` records problems.

    If the sections have no problem, each entry that `parse_directory` would leave out is recorded
    as one, such as a role with an unknown id. Do not use the result if a problem has been recorded.
    """
    count = reader.problem_count
    identity = parse_identity(reader, sections)
    if reader.problem_count == count:
        for entry, why in _find_invalid_entries(identity.document):
            reader.report_entry(entry, why)
    return identity


def _find_invalid_entries(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the name of each invalid entry of an identity document, and the reason.

    The name is the entry's id, or the entry's place, such as ``user 3 of the file``. The reason is
    a sentence.
    """
    credentials = [
        {**each, "secret_hash": NO_PASSWORD} for each in document["application_credentials"]
    ]
    directory = parse_directory({**document, "application_credentials": credentials})
    for entry, why in directory.invalid_entries.items():
        yield entry, f"{why}."
