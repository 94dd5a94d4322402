"""What changes in the month, and when: the innocent part of the plot. Days count 0 to 29.

A shorter run is the end of the same month, so a run of 10 days starts at day 20.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

from sample_data.company import Actor, Habit, h

MONTH = 30
NEW_OFFICE_FROM = 20
ROTATED_USER, ROTATED_ON = "svc-warehouse-sync", 21
ROTATED_FROM_SECOND, RETIRED_AT_SECOND = 14 * 3600, 20 * 3600
GROWN_ROLES, GROWN_ON = ("quote-api-task", "tracking-ingest-task", "rate-sync-task"), 22
TRAVELLER, TRAVEL_FROM, TRAVEL_UNTIL = "ines.caldeira@brackwater.example", 22, 27
TRAVEL_ADDRESS = "2.83.14.90"
ON_CALL = {
    5: "tobias.renn@brackwater.example",
    12: "maren.ostby@brackwater.example",
    20: "tobias.renn@brackwater.example",
}
"""Nights with a page, and who answered."""
GROWTH = (h("sqs:SendMessage", 2.5, queue="freight-updates"), h("events:PutEvents", 2.5))
"""What the event bus of day 22 lets its three publishers do."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the month. `number` 0 to 29 (negative where more days than a month are made)."""

    date: date
    number: int

    @property
    def is_weekend(self) -> bool:
        return self.date.weekday() >= 5

    def at(self, second: float) -> datetime:
        """The UTC moment `second` seconds into the day."""
        start = datetime.combine(self.date, time(), timezone.utc)
        return start + timedelta(seconds=second)


def days_of(start: date, days: int) -> list[Day]:
    """The days of a run, in order."""
    return [Day(start + timedelta(index), MONTH - days + index) for index in range(days)]


def habits_on(who: Actor, day: Day) -> tuple[Habit, ...]:
    """What the actor does on this day, what it was newly allowed to do included."""
    if who.name in GROWN_ROLES and day.number >= GROWN_ON:
        return (*who.habits, *GROWTH)
    return who.habits
