"""The fixture `tested`: an ImageService of each kind, with the policy rules of the test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from glimpse.app.gateway import glance_transport
from glimpse.app.policy_files import PolicyFiles
from glimpse.glance import GlanceImageService, ImageLocks
from glimpse.images import Image, Permissions
from glimpse.settings import load_settings
from tests.images.services import ServiceUnderTest, memory_service, serve_image_api
from tests.support.embedded import open_images
from tests.support.options import glance_options
from tests.support.policy import write_policy


@pytest.fixture
def rules(request: pytest.FixtureRequest, tmp_path: Path) -> PolicyFiles | None:
    """The policy rules in the indirect parameter of a test; None without one."""
    rules = getattr(request, "param", None)
    return PolicyFiles(write_policy(tmp_path / "policy.yaml", rules), ()) if rules else None


@pytest.fixture(params=["memory", "embedded", "glance"])
async def tested(
    request: pytest.FixtureRequest, tmp_path: Path, rules: PolicyFiles | None
) -> AsyncIterator[ServiceUnderTest]:
    if request.param == "memory":
        yield memory_service(Permissions(rules))
        return
    store = open_images(tmp_path / "state")
    try:

        async def put_image(image: Image) -> None:
            await store.put([(image, {})])

        if request.param == "embedded":
            permissions = Permissions(rules)
            embedded = open_images(tmp_path / "state", permissions=permissions)
            yield ServiceUnderTest(embedded, store.create_image, put_image)
            await embedded.close()
            return
        async with serve_image_api(store) as url:
            locks = ImageLocks(f"file://{tmp_path / 'locks'}", 10)
            # Two images a page, so that the lists of these tests have several pages.
            options = glance_options(url, page_size=2)
            glance = GlanceImageService(
                options, glance_transport(load_settings()), locks, rules=rules
            )
            yield ServiceUnderTest(glance, store.create_image, put_image)
            await glance.close()
    finally:
        await store.close()
