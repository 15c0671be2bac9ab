"""Which statuses an image is deactivated and reactivated from."""

import pytest

from glimpse.images.deactivation import deactivated, reactivated
from glimpse.images.errors import Forbidden
from glimpse.images.image import Image, image_from_document


def image_in(status: str) -> Image:
    dates = {"created_at": "2024-03-10T00:00:00Z", "updated_at": "2024-03-10T00:00:00Z"}
    return image_from_document({"id": "i", "status": status, **dates})


@pytest.mark.parametrize("status", ["active", "deactivated"])
def test_an_image_with_data_becomes_deactivated_and_active_again(status: str) -> None:
    image = image_in(status)
    assert deactivated(image).status == "deactivated"
    assert reactivated(image).status == "active"


@pytest.mark.parametrize("status", ["queued", "saving", "importing", "killed", "pending_delete"])
def test_an_image_without_data_is_neither_deactivated_nor_reactivated(status: str) -> None:
    image = image_in(status)
    with pytest.raises(Forbidden, match=f"Not allowed to deactivate image in status '{status}'"):
        deactivated(image)
    with pytest.raises(Forbidden, match=f"Not allowed to reactivate image in status '{status}'"):
        reactivated(image)
