"""All scenarios: the hand-written ones, and as many generated ones as are wanted."""

from collections.abc import Iterator

from tests.differential import (
    credential_cases,
    data_cases,
    edge_cases,
    http_cases,
    identity_flow_cases,
    identity_read_cases,
    image_cases,
    import_cases,
    login_cases,
    member_cases,
    service_cases,
    token_end_cases,
)
from tests.differential.api_request import Scenario
from tests.differential.identity_generator import IDENTITY_SCENARIOS
from tests.differential.image_generator import IMAGE_SCENARIOS
from tests.fuzz.random_source import RandomSource

_GROUPS = (
    *(
        image_cases.creates,
        image_cases.patches,
        image_cases.lists,
        data_cases.data,
        edge_cases.edges,
    ),
    *(member_cases.members, member_cases.tags, import_cases.imports, import_cases.locations),
    *(service_cases.services, service_cases.versions, http_cases.faults, http_cases.methods),
    *(login_cases.logins, login_cases.tokens, identity_read_cases.reads),
    *(identity_read_cases.methods, identity_flow_cases.resources, identity_flow_cases.assignments),
    *(identity_flow_cases.passwords, credential_cases.credentials, token_end_cases.token_ends),
)
_IMAGE_SHARE = 0.6


def scenarios(seed: str, generated: int) -> Iterator[Scenario]:
    """Yield the hand-written scenarios, then generated ones with `generated` requests in all.

    A generated scenario depends on the seed and its own number only, so that it can be repeated
    without the others.
    """
    for group in _GROUPS:
        yield from group()
    count = number = 0
    while count < generated:
        number += 1
        rng = RandomSource(f"{seed}:{number}")
        name, makers = (
            ("image", IMAGE_SCENARIOS)
            if rng.chance(_IMAGE_SHARE)
            else ("identity", IDENTITY_SCENARIOS)
        )
        maker = rng.weighted(makers)
        requests = maker(rng)
        count += len(requests)
        yield Scenario(f"generated-{name}-{number}", requests)
