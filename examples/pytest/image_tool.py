"""The program that these tests are for: it publishes images under dated names."""

from collections.abc import Iterator

from openstack.connection import Connection
from openstack.image.v2.image import Image


def publish(connection: Connection, name: str, data: bytes, date: str) -> Image:
    """Upload an image as NAME-DATE, and hide the images of NAME with other dates."""
    image = connection.image.create_image(
        f"{name}-{date}", data=data, disk_format="raw", container_format="bare", tags=[name]
    )
    for other in published(connection, name):
        if other.id != image.id:
            connection.image.update_image(other, is_hidden=True)
    return connection.image.get_image(image.id)


def published(connection: Connection, name: str) -> Iterator[Image]:
    """Return the images of NAME that are not hidden."""
    return connection.image.images(tag=name)


def withdraw(connection: Connection, name: str) -> int:
    """Delete all images of NAME, also the hidden ones; return how many there were."""
    found = [
        image
        for is_hidden in (False, True)
        for image in connection.image.images(tag=name, is_hidden=is_hidden)
    ]
    for image in found:
        connection.image.delete_image(image)
    return len(found)
