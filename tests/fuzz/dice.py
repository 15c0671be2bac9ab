"""Dice: the source of all random choices of a fuzzer, made of a seed."""

import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

Choice = TypeVar("Choice")


class Dice(random.Random):
    """A random.Random with the choices that generators need."""

    def chance(self, share: float) -> bool:
        """True in `share` (0 to 1) of all calls."""
        return self.random() < share

    def pick(self, choices: Sequence[Choice]) -> Choice:
        """One of `choices`, each as likely."""
        return choices[int(self.random() * len(choices))]

    def weighted(self, choices: Mapping[Choice, float]) -> Choice:
        """One of the keys, as likely as its value says."""
        return self.choices([*choices], [*choices.values()])[0]

    def some(self, choices: Sequence[Choice], most: int) -> list[Choice]:
        """Up to `most` of `choices`, possibly the same one several times."""
        return [self.pick(choices) for _ in range(self.randint(0, most))]

    def hexadecimal(self, digits: int) -> str:
        """That many random hexadecimal digits."""
        return f"{self.getrandbits(digits * 4):0{digits}x}"

    def uuid(self) -> str:
        """A random UUID."""
        digits = self.hexadecimal(32)
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
