"""The scenarios of a run: unique, and the same ones for the same seed."""

from tests.differential.scenarios import scenarios


def test_names_of_scenarios_are_unique() -> None:
    names = [scenario.name for scenario in scenarios("1", 200)]
    assert len(names) == len(set(names))


def test_same_seed_gives_the_same_requests_and_another_seed_gives_others() -> None:
    def generated(seed: str) -> list[str]:
        return [
            str(request)
            for scenario in scenarios(seed, 300)
            if scenario.name.startswith("generated")
            for request in scenario.requests
        ]

    assert generated("1") == generated("1")
    assert len(generated("1")) >= 300
    assert generated("1") != generated("2")
