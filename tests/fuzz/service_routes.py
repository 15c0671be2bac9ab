"""Health, readiness and metrics, as rows for the fuzzer."""

from tests.fuzz.routes import Route
from tests.fuzz.targets import image_pairs

ROUTES = (
    Route("service", "GET", "/healthcheck", 1, image_pairs),
    Route("service", "HEAD", "/healthcheck", 0.3),
    Route("service", "GET", "/readiness", 1, image_pairs),
    Route("service", "HEAD", "/readiness", 0.3),
    Route("metrics", "GET", "/metrics", 0.15, image_pairs),
    Route("metrics", "GET", "/{key}", 0.2, image_pairs),
    Route("metrics", "POST", "/metrics", 0.1),
)
