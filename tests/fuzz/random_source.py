"""RandomSource: all random choices of a fuzzer, repeatable by its seed."""

import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

Choice = TypeVar("Choice")


class RandomSource(random.Random):
    """A random.Random with the choices that generators need."""

    def chance(self, share: float) -> bool:
        """Return True in `share` (0 to 1) of all calls."""
        return self.random() < share

    def pick(self, choices: Sequence[Choice]) -> Choice:
        """Return one of `choices`, each with the same probability."""
        return choices[int(self.random() * len(choices))]

    def weighted(self, choices: Mapping[Choice, float]) -> Choice:
        """Return one of the keys; the values are their weights."""
        return self.choices([*choices], [*choices.values()])[0]

    def some(self, choices: Sequence[Choice], most: int) -> list[Choice]:
        """Return up to `most` of `choices`, with repetitions."""
        return [self.pick(choices) for _ in range(self.randint(0, most))]

    def hexadecimal(self, digits: int) -> str:
        """Return random hexadecimal digits."""
        return f"{self.getrandbits(digits * 4):0{digits}x}"

    def uuid(self) -> str:
        """Return a random UUID."""
        digits = self.hexadecimal(32)
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
