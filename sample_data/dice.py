"""Seeded draws, cheap enough for millions: numpy fills blocks, the caller takes one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")
_BLOCK = 2048


class Dice:
    """One stream of random values; the same seed parts always give the same stream."""

    def __init__(self, *parts: int) -> None:
        self.rng = np.random.default_rng(parts)
        self._floats = self._refill()

    def _refill(self) -> Iterator[float]:
        while True:
            yield from self.rng.random(_BLOCK).tolist()

    def chance(self, probability: float) -> bool:
        return next(self._floats) < probability

    def below(self, limit: int) -> int:
        """A whole number in [0, limit)."""
        return int(next(self._floats) * limit)

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * next(self._floats)

    def one(self, options: Sequence[T]) -> T:
        return options[int(next(self._floats) * len(options))]

    def poisson(self, mean: float) -> int:
        return int(self.rng.poisson(mean))

    def hex(self, characters: int) -> str:
        return self.rng.bytes((characters + 1) // 2).hex()[:characters]

    def digits(self, count: int) -> str:
        return str(self.below(10**count)).zfill(count)

    def uuid(self) -> str:
        text = self.hex(32)
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"

    def capitals(self, count: int) -> str:
        """Letters and digits as in AWS key ids (base 32)."""
        return "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[b & 31] for b in self.rng.bytes(count))

    def times(self, count: int, weights: Sequence[float]) -> list[int]:
        """`count` seconds of the day in order; `weights` say how busy each hour is."""
        shares = np.asarray(weights) / np.sum(weights)
        hours = self.rng.choice(len(weights), size=count, p=shares)
        seconds: list[int] = np.sort(hours * 3600 + self.rng.integers(0, 3600, count)).tolist()
        return seconds

    def picks(self, count: int, weights: Sequence[float]) -> list[int]:
        """`count` indices into `weights`, drawn by weight."""
        shares = np.asarray(weights, dtype=float) / np.sum(weights)
        found: Any = self.rng.choice(len(weights), size=count, p=shares)
        return list(found.tolist())
