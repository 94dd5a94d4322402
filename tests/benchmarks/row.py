"""A row of the table of benchmarks."""

from __future__ import annotations

from dataclasses import dataclass

from cost import Cost

HEAD = (
    "| what | seconds | CPU seconds | peak memory | figure | bar | |\n|---|--:|--:|--:|---|---|---|"
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """What was measured, what it cost, the figure that counts, and the bar it has to take; `holds`
    is None where there is no bar.
    """

    what: str
    cost: Cost
    figure: str = ""
    bar: str = ""
    holds: bool | None = None

    def __str__(self) -> str:
        cost = self.cost
        told = {None: "", True: "yes", False: "**no**"}[self.holds]
        return (
            f"| {self.what} | {cost.seconds:.1f} | {cost.cpu_seconds:.1f} | {cost.peak} "
            f"| {self.figure} | {self.bar} | {told} |"
        )
