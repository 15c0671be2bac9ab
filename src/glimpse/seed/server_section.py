"""Parse the servers of a seed."""

from collections.abc import Callable
from typing import Any

from glimpse.seed.default_ids import default_id
from glimpse.seed.known_entries import KnownEntries
from glimpse.seed.reader import SeedReader, parse_uuid
from glimpse.seed.yaml_document import Place
from glimpse.servers.server import STATES, Flavor, Server

_MAX_NUMBER = 2**31 - 1
SERVER_KEYS = (
    *("id", "name", "project", "user", "image", "flavor", "metadata", "status", "tags"),
    *("created_at", "updated_at", "key_name", "description", "availability_zone"),
)


def parse_servers(
    reader: SeedReader,
    section: Place,
    *,
    projects: KnownEntries,
    users: KnownEntries,
    images: KnownEntries,
    now: str,
) -> tuple[Server, ...]:
    """Return the servers of a section; `reader` records problems.

    `projects`, `users` and `images` are the entries that a server may refer to. A server may have
    any UUID as its image, because the image may have been deleted since. `now` is the default
    ``created_at``. Do not use the result if a problem has been recorded.
    """
    servers: list[Server] = []
    for place in reader.read_list(section):
        server = _server(reader, place, projects, users, images, now)
        if server.id in {each.id for each in servers}:
            reader.report(place, f"a server before it has the id {server.id}, too.")
        servers.append(server)
    return tuple(servers)


def _server(
    reader: SeedReader,
    place: Place,
    projects: KnownEntries,
    users: KnownEntries,
    images: KnownEntries,
    now: str,
) -> Server:
    found = reader.read_mapping(place, SERVER_KEYS, ("name", "project", "user"))
    values: dict[str, Any] = {"status": "ACTIVE", "created_at": now, "name": ""}
    values |= {"project_id": "", "user_id": "", "image_id": None}
    readers: dict[str, tuple[str, Callable[[Place], Any]]] = {
        "name": ("name", reader.read_text),
        "project": ("project_id", lambda each: reader.read_reference(each, projects, "project")),
        "user": ("user_id", lambda each: reader.read_reference(each, users, "user")),
        "image": ("image_id", lambda each: _image_id(reader, each, images)),
        "flavor": ("flavor", lambda each: _flavor(reader, each)),
        "metadata": ("metadata", lambda each: reader.read_text_mapping(each, 255)),
        "status": ("status", lambda each: reader.read_choice(each, STATES)),
        "created_at": ("created_at", reader.read_date),
        "updated_at": ("updated_at", reader.read_date),
        "tags": ("tags", lambda each: tuple(reader.read_texts(each, 60))),
        "id": ("id", reader.read_uuid),
    }
    for key in ("key_name", "description", "availability_zone"):
        readers[key] = (key, reader.read_text)
    for key, (name, read) in readers.items():
        if key in found:
            values[name] = read(found[key])
    values.setdefault("id", str(default_id("server", values["project_id"], values["name"])))
    values.setdefault("updated_at", values["created_at"])
    return Server(**values)


def _flavor(reader: SeedReader, place: Place) -> Flavor:
    found = reader.read_mapping(place, ("name", "vcpus", "ram", "disk"), ("name",))
    values: dict[str, Any] = {
        key: reader.read_integer(found[key], 0, _MAX_NUMBER)
        for key in ("vcpus", "ram", "disk")
        if key in found
    }
    if "name" in found:
        values["name"] = reader.read_text(found["name"])
    return Flavor(**values)


def _image_id(reader: SeedReader, place: Place, images: KnownEntries) -> str:
    """Return the id of the image that the text at `place` names.

    The text is the id or name of an image in `images`, or any UUID. For any other text, and for the
    id or name of several images, records a Problem and returns "".
    """

    def find_id(text: str) -> str | None:
        return text if images.find(text) else parse_uuid(text)

    message = f"the name of an image, or any UUID, is expected; there are: {images.names()}."
    text = reader.read_with(place, find_id, message)
    return reader.find_entry(text, place, images, "image") if images.find(text) else text
