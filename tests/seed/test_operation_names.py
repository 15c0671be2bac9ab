"""The operations that faults may name are those that requests have."""

from pathlib import Path

from glimpse.identity_api.routes import identity_routes, operation_name
from glimpse.seed.operation_names import OPERATION_NAMES
from tests.support.embedded import open_identity


async def test_the_operations_of_the_identity_api_are_those_of_its_routes(tmp_path: Path) -> None:
    identity = open_identity(tmp_path)
    routes = {operation_name(route.endpoint) for route in identity_routes(identity)}
    await identity.close()
    named = {name for name in OPERATION_NAMES if name.startswith("identity.")}
    assert named == routes | {"identity.other"}


def test_the_operations_of_all_apis_are_known() -> None:
    assert {
        *("list_images", "delete_metadata_item", "show_version", "create_server", "run_action"),
        *("image.upload_data", "image.import_data", "image.list_members", "identity.issue"),
        "other",
    } <= OPERATION_NAMES
