"""Which credentials each actor holds on a day. A pure function of account, day and actor, so that
a story can take the very credential that the ordinary work is done with."""

from __future__ import annotations

from datetime import timedelta

from sample_data.cloudtrail import Session
from sample_data.company import (
    CAST,
    LAMBDA_BLOCKS,
    NEW_OFFICE,
    OFFICE,
    POOL_INSTANCE,
    RUNNER_BLOCKS,
    Account,
    Actor,
)
from sample_data.dice import Dice
from sample_data.month import (
    NEW_OFFICE_FROM,
    ON_CALL,
    RETIRED_AT_SECOND,
    ROTATED_FROM_SECOND,
    ROTATED_ON,
    ROTATED_USER,
    TRAVEL_ADDRESS,
    TRAVEL_FROM,
    TRAVEL_UNTIL,
    TRAVELLER,
    Day,
)

_DAY = 86_400
_INDEX = {each.name: index for index, each in enumerate(CAST)}


def dice_for(account: Account, who: Actor, day: Day, purpose: int) -> Dice:
    """The actor's own stream for the day, so that one actor's work never shifts another's."""
    ordinal = day.date.toordinal()
    return Dice(account.seed, account.number, ordinal, _INDEX[who.name], purpose)


def public_address(dice: Dice, blocks: tuple[str, ...]) -> str:
    return f"{dice.one(blocks)}.{dice.below(254) + 1}.{dice.below(254) + 1}"


def sessions(account: Account, who: Actor, day: Day, runs: int) -> list[Session]:
    """The actor's sessions of the day, in order of their start; `runs` jobs where it runs jobs."""
    dice = dice_for(account, who, day, 1)
    if who.kind == "user":
        return _user(account, who, day, runs, dice)
    if who.kind == "sso":
        return _person(who, day, dice)
    if who.run_length:
        return _runs(account, who, day, runs, dice)
    return _computed(account, who, day, dice)


def rotated_key(account: Account) -> str:
    """The second key of the user whose key is rotated."""
    return "AKIA" + Dice(account.seed, account.number, 12).capitals(16)


def _user(account: Account, who: Actor, day: Day, runs: int, dice: Dice) -> list[Session]:
    def one(start: int, end: int, key: str) -> Session:
        return Session(who, start, end, day.at(0), key, who.name, who.addresses[0], who.agents[0])

    key = account.keys[who.name]
    if who.run_length:
        starts = dice.times(runs, who.hours)
        return [one(start, min(start + 1500, _DAY - 1), key) for start in starts]
    if who.name != ROTATED_USER or day.number < ROTATED_ON:
        return [one(0, _DAY, key)]
    if day.number > ROTATED_ON:
        return [one(0, _DAY, rotated_key(account))]
    return [one(0, RETIRED_AT_SECOND, key), one(ROTATED_FROM_SECOND, _DAY, rotated_key(account))]


def _computed(account: Account, who: Actor, day: Day, dice: Dice) -> list[Session]:
    """Two copies of the workload, each with new keys every eight hours."""
    offset = dice.below(3600)
    found = []
    for copy in (0, 1):
        name, address = _copy_of(account, who, day, copy)
        for third in range(3):
            start = third * _DAY // 3
            found.append(
                Session(
                    who,
                    start,
                    start + _DAY // 3,
                    day.at(max(start - offset - 60, dice.below(4))),
                    "ASIA" + dice.capitals(16),
                    name,
                    public_address(dice, LAMBDA_BLOCKS) if who.kind == "lambda" else address,
                    who.agents[copy % len(who.agents)],
                )
            )
    return sorted(found, key=lambda each: each.start)


def _copy_of(account: Account, who: Actor, day: Day, copy: int) -> tuple[str, str]:
    """Session name and address: tasks are replaced every few days, instances stay."""
    if who.kind == "ec2":
        return POOL_INSTANCE[copy], who.addresses[copy % len(who.addresses)]
    if who.kind == "lambda":
        return who.name, ""
    life = Dice(account.seed, account.number, _INDEX[who.name], day.date.toordinal() // 4, copy)
    return life.hex(32), who.addresses[copy % len(who.addresses)]


def _runs(account: Account, who: Actor, day: Day, runs: int, dice: Dice) -> list[Session]:
    """A session a job: CI on a new runner each time, a scheduled task on the same network."""
    found = []
    for start in dice.times(runs, who.hours):
        end = min(start + 240 + dice.below(600), _DAY - 1)
        name, address = f"{who.name}-{dice.digits(11)}", public_address(dice, RUNNER_BLOCKS)
        if who.kind != "oidc":
            name, address = dice.hex(32), who.addresses[0]
        if who.kind == "external":
            name = "cost-scout"
        found.append(
            Session(
                who,
                start,
                end,
                day.at(start),
                "ASIA" + dice.capitals(16),
                name,
                address,
                who.agents[0],
            )
        )
    return found


def _person(who: Actor, day: Day, dice: Dice) -> list[Session]:
    """The day's sign-in, at the console and on the command line; a page at night adds another."""
    address = _whereabouts(who, day, dice)
    leaves_early = who.name == TRAVELLER and day.number == TRAVEL_FROM - 1
    found = []
    for agent in who.agents:
        start = 12 * 3600 + dice.below(3600)
        end = 16 * 3600 if leaves_early else 24 * 3600 - 1
        found.append(_signed_in(who, day, dice, start, end, address, agent))
    if ON_CALL.get(day.number) == who.name:
        start = 6 * 3600 + dice.below(900)
        for agent in who.agents:
            found.append(_signed_in(who, day, dice, start, start + 9000, who.home, agent))
    return found


def _signed_in(
    who: Actor, day: Day, dice: Dice, start: int, end: int, address: str, agent: str
) -> Session:
    created = day.at(start) - timedelta(seconds=dice.below(60))
    key = "ASIA" + dice.capitals(16)
    browser = agent.startswith("Mozilla")
    return Session(who, start, end, created, key, who.name, address, agent, browser)


def _whereabouts(who: Actor, day: Day, dice: Dice) -> str:
    if who.name == TRAVELLER and TRAVEL_FROM <= day.number < TRAVEL_UNTIL:
        return TRAVEL_ADDRESS
    if day.is_weekend or dice.chance(0.35):
        return who.home
    return NEW_OFFICE if day.number >= NEW_OFFICE_FROM and moves(who) else OFFICE


def moves(who: Actor) -> bool:
    """Whether the person moves to the new office: three in four do."""
    return _INDEX[who.name] % 4 != 3
