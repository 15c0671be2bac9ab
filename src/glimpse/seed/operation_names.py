"""OPERATION_NAMES: the names of all operations of the three APIs, for fault rules."""

from glimpse.compute import image_routes as compute_image_routes
from glimpse.compute.servers import routes as server_routes
from glimpse.identity_api import operation_names as identity_operations
from glimpse.image_api import routes as image_routes

OPERATION_NAMES = (
    compute_image_routes.OPERATION_NAMES
    | server_routes.OPERATION_NAMES
    | image_routes.OPERATION_NAMES
    | identity_operations.OPERATION_NAMES
    | {"other"}  # requests without an operation
)
