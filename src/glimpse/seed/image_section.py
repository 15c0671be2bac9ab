"""Parse the images of a seed."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from glimpse.embedded.image_changes import MAX_CHARACTERS
from glimpse.embedded.image_formats import ImageFormats
from glimpse.embedded.image_members import MEMBER_STATUSES
from glimpse.image_api.image_schema import (
    MAX_NAME,
    MAX_NUMBER,
    STATUSES,
    VISIBILITIES,
)
from glimpse.images import BASE_ATTRIBUTES, RESERVED_PREFIX, image_from_document
from glimpse.seed.default_ids import date_after, default_id
from glimpse.seed.known_entries import KnownEntries
from glimpse.seed.reader import SeedReader
from glimpse.seed.seed import FileData, GeneratedData, ImageSeed
from glimpse.seed.yaml_document import Place

MAX_DATA = 2**40  # bytes of generated data
_MAX_SIZE = 2**63 - 1  # bytes: what a column holds
_OF_DATA = ("size", "virtual_size", "checksum", "os_hash_algo", "os_hash_value")
_WITH_DATA = ("active", "deactivated")  # statuses
# The disk formats whose data `image_data` can generate.
GENERATED_FORMATS = ("raw", "qcow2", "ami", "ari", "aki", "ploop")
IMAGE_KEYS = (
    *("id", "name", "owner", "visibility", "status", "disk_format", "container_format"),
    *("min_ram", "min_disk", "protected", "os_hidden", "tags", "properties", "members", "data"),
    *("created_at", "updated_at", *_OF_DATA),
)


class FindDataProblem(Protocol):
    """The type of a function that checks image data, such as `image_data.find_data_problem`."""

    def __call__(self, seeded: ImageSeed, /, *, is_valid: bool) -> str | None:
        """Return a sentence that says why an image cannot have its data; None if it can.

        An image without data has no problem. `is_valid` is False if the image has other problems.
        Then only a check is made that the data can be read, and none of its content.
        """
        ...


class SeededImages(NamedTuple):
    """The images of a seed.

    `ids` has the ids and names of all images, by which servers refer to the images.
    """

    images: tuple[ImageSeed, ...]
    ids: KnownEntries


def parse_images(
    reader: SeedReader,
    section: Place,
    *,
    projects: KnownEntries,
    directory: Path,
    formats: ImageFormats,
    find_data_problem: FindDataProblem,
    now: str,
) -> SeededImages:
    """Return the images of a section; `reader` records problems.

    `projects` are the projects that images may refer to. Relative paths of files start in
    `directory`. `formats` are the formats that images may have. `find_data_problem` checks the data
    of each image. The default ``created_at`` is `now` for the first image, and one second later for
    each following image, so that lists have an order. Do not use the result if a problem has been
    recorded.
    """
    parser = _ImageParser(reader, projects, directory, formats, find_data_problem)
    images: list[ImageSeed] = []
    ids = KnownEntries()
    for number, place in enumerate(reader.read_list(section)):
        seeded = parser.parse_image(place, date_after(now, number))
        image = seeded.image
        if image.id in ids.ids:
            reader.report(place, f"an image before it has the id {image.id}, too.")
        ids.add(image.id, image.name or None)
        images.append(seeded)
    return SeededImages(tuple(images), ids)


class _ImageParser:
    """Parses the images of a seed, one at a time. `parse_images` describes the arguments.

    Problems are recorded in `reader`, and not raised.
    """

    def __init__(
        self,
        reader: SeedReader,
        projects: KnownEntries,
        directory: Path,
        formats: ImageFormats,
        find_data_problem: FindDataProblem,
    ) -> None:
        self._reader = reader
        self._projects = projects
        self._directory = directory
        self._formats = formats
        self._find_data_problem = find_data_problem

    def parse_image(self, place: Place, now: str) -> ImageSeed:
        """Parse the image at `place` of the seed: the image, its members and its data.

        `now` is the default ``created_at``. An image without an ``id`` gets a default id. Problems,
        also those of the data, are recorded in the reader. The result must not be used if a problem
        was recorded.
        """
        count = self._reader.problem_count
        found = self._reader.read_mapping(place, IMAGE_KEYS, nullable=("owner", "name"))
        data = self._data(found["data"]) if "data" in found else None
        document: dict[str, Any] = {"created_at": now, "visibility": "shared", "owner": None}
        document["status"] = "queued" if data is None else "active"
        if data is not None:
            document |= {"disk_format": "raw", "container_format": "bare"}
        properties = self._properties(found)
        for key, read in self._readers().items():
            if key in found and not found[key].is_null:
                document[key] = read(found[key])
        if "owner" not in found:
            self._reader.report(place, "owner is missing: a project, or null for none.")
        document.setdefault("id", str(default_id("image", document.get("name") or "", place.path)))
        document.setdefault("updated_at", document["created_at"])
        self._check_data(place, found, document, data)
        image = image_from_document(properties | document)
        members = self._members(found["members"]) if "members" in found else {}
        if members and image.visibility != "shared":
            self._reader.report(found["members"], "only shared images have members.")
        if len(image.properties_json) > MAX_CHARACTERS:
            self._reader.report(
                found["properties"], f"they may have at most {MAX_CHARACTERS} characters in all."
            )
        seeded = ImageSeed(image, members, data)
        is_valid = self._reader.problem_count == count
        problem = self._find_data_problem(seeded, is_valid=is_valid)
        if problem is not None:
            self._reader.report(found["data"], problem)
        return seeded

    def _readers(self) -> Mapping[str, Callable[[Place], Any]]:
        """Return the functions that parse the values of attributes, by the attributes' names.

        Each function records a wrong value as a problem.
        """
        reader = self._reader

        def size(place: Place) -> int:
            return reader.read_size(place, _MAX_SIZE)

        def number(place: Place) -> int:
            return reader.read_integer(place, 0, MAX_NUMBER)

        return {
            "id": reader.read_uuid,
            "name": lambda place: reader.read_text(place, MAX_NAME, 0),
            "owner": lambda place: reader.read_reference(place, self._projects, "project"),
            "visibility": lambda place: reader.read_choice(place, VISIBILITIES),
            "status": lambda place: reader.read_choice(place, STATUSES),
            "disk_format": lambda place: reader.read_choice(place, self._formats.disk_formats),
            "container_format": lambda place: reader.read_choice(
                place, self._formats.container_formats
            ),
            "min_ram": number,
            "min_disk": number,
            "protected": reader.read_boolean,
            "os_hidden": reader.read_boolean,
            "tags": lambda place: sorted(set(reader.read_texts(place, MAX_NAME))),
            "created_at": reader.read_date,
            "updated_at": reader.read_date,
            "size": size,
            "virtual_size": size,
            "checksum": lambda place: reader.read_text(place, 32),
            "os_hash_algo": lambda place: reader.read_text(place, 64),
            "os_hash_value": lambda place: reader.read_text(place, 128),
        }

    def _check_data(
        self,
        place: Place,
        found: Mapping[str, Place],
        document: Mapping[str, Any],
        data: FileData | GeneratedData | None,
    ) -> None:
        """Record a problem for each attribute that contradicts the image's data.

        `found` has the places of the attributes in the seed, `document` the parsed values and
        defaults. `data` is the parsed data; None if the image has no data or invalid data.

        - With valid data, the status must be active or deactivated, and the sizes and digests must
          be left out. Generated data needs a disk format in GENERATED_FORMATS.
        - With invalid data, nothing is checked.
        - Without data, an image in status active or deactivated needs a size.
        """
        if data is None:
            has_size = "size" in found or "data" in found
            if document["status"] in _WITH_DATA and not has_size:
                self._reader.report(
                    place,
                    f"data, or at least its size, is expected for status {document['status']}.",
                )
            return
        for key in _OF_DATA:
            if key in found:
                self._reader.report(found[key], f"{key} follows from data: leave it out.")
        if document["status"] not in _WITH_DATA:
            self._reader.report(
                found["status"], f"one of {', '.join(_WITH_DATA)} is expected beside data."
            )
        if isinstance(data, GeneratedData) and document["disk_format"] not in GENERATED_FORMATS:
            self._reader.report(
                found["disk_format"],
                f"data of a size is one of {', '.join(GENERATED_FORMATS)}: use a file.",
            )

    def _data(self, place: Place) -> FileData | GeneratedData | None:
        """Return the source of the data: a file, or a size to generate.

        If the value at `place` has neither or both, or a wrong value, records a problem and returns
        None. Does not look at the file.
        """
        count = self._reader.problem_count
        sources = self._reader.read_mapping(place, ("file", "size"))
        if len(sources) != 1:
            self._reader.report(place, "either file or size is expected.")
        data: FileData | GeneratedData | None = None
        if "file" in sources:
            data = FileData(self._directory / self._reader.read_text(sources["file"], 4096))
        elif "size" in sources:
            data = GeneratedData(self._reader.read_size(sources["size"], MAX_DATA))
        return data if self._reader.problem_count == count else None

    def _properties(self, found: Mapping[str, Place]) -> dict[str, str]:
        if "properties" not in found:
            return {}
        properties = self._reader.read_any_mapping(found["properties"])
        for key, value in properties.items():
            if key in BASE_ATTRIBUTES:
                self._reader.report(value, f"{key} is an attribute: put it beside properties.")
            if key.startswith(RESERVED_PREFIX):
                self._reader.report(value, f"keys that start with {RESERVED_PREFIX} are reserved.")
        return self._reader.read_texts_by_key(properties, MAX_CHARACTERS)

    def _members(self, place: Place) -> dict[str, str]:
        """Return the statuses of the members by project id.

        The value at `place` is a list of projects, which get the status pending, or a mapping of
        projects to statuses in MEMBER_STATUSES. Projects are named by id or name. A list may repeat
        a project. Unknown projects, wrong values, and projects that a mapping repeats are recorded
        as problems.
        """
        reader = self._reader
        if place.is_list:
            projects = reader.read_list(place)
            return {
                reader.read_reference(each, self._projects, "project"): "pending"
                for each in projects
            }
        members: dict[str, str] = {}
        for name, status in reader.read_any_mapping(place).items():
            project = reader.find_entry(name, status, self._projects, "project")
            if project and project in members:
                reader.report(status, "a key before it is the same project.")
            members[project] = reader.read_choice(status, MEMBER_STATUSES)
        return members
