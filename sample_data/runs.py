"""Ordinary runs of the agents: who asks what and when, and the calls that answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sample_data.calls import Slots, filled
from sample_data.company import DOMAIN, OFFICE_HOURS
from sample_data.dice import Dice
from sample_data.month import Day
from sample_data.tasks import AGENTS, Agent, Step, Task
from sample_data.words import CUSTOMERS, VENDORS, WORDS


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call as it happened; `by` is the sub-agent that made it, `failed` an error type."""

    tool: str
    arguments: dict[str, Any]
    result: Any
    by: str = ""
    failed: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of an agent: what was asked, by whom, the calls in order, and the answer."""

    agent: Agent
    trace: str
    start: datetime
    user: str
    prompt: str
    calls: tuple[ToolCall, ...]
    answer: str


def new_words(dice: Dice, day: Day, **known: str) -> Slots:
    """Fresh words for a run; names that follow from others are set beside them."""
    words = Slots(dice, {"date": day.date.isoformat(), **known}, WORDS)
    words["customer_domain"] = CUSTOMERS[words["customer"]]
    words["vendor_domain"] = VENDORS[words["vendor"]]
    words["mailbox"] = f"{words['person']}.{words['surname']}".lower()
    words["hotel_domain"] = words["hotel"].lower().replace(" ", "-") + ".example"
    words["measure_column"] = words["measure"].replace(" ", "_")
    return words


def runs_of(seed: int, day: Day, rate: float) -> Iterator[Run]:
    """The ordinary runs of a day, agent by agent."""
    for index, agent in enumerate(AGENTS):
        dice = Dice(seed, 900 + index, day.date.toordinal())
        share = agent.weekend if day.is_weekend else 1.0
        tasks = [task for task in agent.tasks if task.since <= day.number]
        count = dice.poisson(agent.per_day * share * rate)
        picks = dice.picks(count, [task.weight for task in tasks])
        for second, pick in zip(dice.times(count, OFFICE_HOURS), picks, strict=True):
            yield ordinary_run(agent, tasks[pick], day, second, dice)


def ordinary_run(agent: Agent, task: Task, day: Day, second: int, dice: Dice) -> Run:
    """One run of a task as it goes on any day."""
    words = new_words(dice, day)
    prompt = filled(dice.one(task.prompts), words)
    calls = [
        call
        for step in task.steps
        if dice.chance(step.often)
        for call in calls_of(step, words, dice)
    ]
    return Run(
        agent,
        dice.hex(32),
        day.at(second),
        f"{dice.one(agent.users)}@{DOMAIN}",
        prompt,
        tuple(calls),
        filled(dice.one(task.answers), words),
    )


def calls_of(step: Step, words: Slots, dice: Dice) -> list[ToolCall]:
    """The calls of a step: several pages where it has many, a retry where one fails."""
    pages = 2 + dice.below(step.times - 1) if step.times > 1 else 1
    made: list[ToolCall] = []
    for page in range(1, pages + 1):
        words["page_number"] = str(page)
        call = ToolCall(
            step.tool, filled(step.arguments, words), filled(step.result, words), step.by
        )
        if dice.chance(0.02):
            made.append(replace(call, result=None, failed=dice.one(("timeout", "503"))))
        made.append(call)
        words.pop("complaint", None)
    return made
