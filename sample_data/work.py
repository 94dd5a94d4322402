"""An ordinary day: what the whole cast and the cloud itself write into the trail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sample_data.cloudtrail import (
    GITHUB,
    Record,
    Session,
    assumed,
    identity,
    record,
    role_identity,
    stamp,
)
from sample_data.company import (
    CAST,
    DOMAIN,
    REGION,
    SPARE_REGION,
    VENDOR_ACCOUNT,
    VENDOR_HOST,
    Account,
    Actor,
    Habit,
)
from sample_data.dice import Dice
from sample_data.month import ON_CALL, Day, habits_on
from sample_data.sessions import dice_for, sessions

_PRIVATE_SERVICES = ("s3:", "dynamodb:")
_SERVICE_OF = {"ecs": "ecs-tasks", "ec2": "ec2", "lambda": "lambda"}


def day_of_work(account: Account, day: Day, rate: float) -> Iterator[Record]:
    """Every record of the day; `rate` multiplies how much is done, not by how many."""
    for who in CAST:
        yield from actor_day(account, who, day, rate)
    yield from background(account, day, rate)


def actor_day(account: Account, who: Actor, day: Day, rate: float) -> Iterator[Record]:
    """One actor's calls of the day and the STS events that gave it its credentials."""
    dice = dice_for(account, who, day, 2)
    per_day = who.per_day * (who.weekend if day.is_weekend else 1.0) * rate
    paged = ON_CALL.get(day.number) == who.name
    count = dice.poisson(per_day)
    if who.run_length:
        yield from _jobs(account, who, day, count, dice)
    elif count or paged:
        held = sessions(account, who, day, 0)
        yield from credentials(account, held, dice)
        yield from _steady(account, who, day, count, held, dice)
        if paged:
            yield from _steady(account, who, day, int(30 * rate), held[len(who.agents) :], dice)


def _jobs(account: Account, who: Actor, day: Day, runs: int, dice: Dice) -> Iterator[Record]:
    runs = max(runs, 1) if who.weekend == 1.0 else runs
    for session in sessions(account, who, day, runs):
        yield from credentials(account, [session], dice)
        step = (session.end - session.start) / (len(who.habits) + 1)
        for place, habit in enumerate(habits_on(who, day)):
            second = session.start + (place + dice.between(0.2, 0.9)) * step
            yield from did(account, session, habit, day, second, dice)


def _steady(
    account: Account, who: Actor, day: Day, count: int, held: list[Session], dice: Dice
) -> Iterator[Record]:
    habits = habits_on(who, day)
    first, last = min(each.start for each in held), max(each.end for each in held)
    picks = dice.picks(count, [habit.weight for habit in habits])
    hours = [
        weight if first <= hour * 3600 + 3599 and hour * 3600 < last else 0.0
        for hour, weight in enumerate(who.hours)
    ]
    if not any(hours):
        # A page at night: busy in the hours that the sign-in covers.
        hours = [float(first <= hour * 3600 + 3599 and hour * 3600 < last) for hour in range(24)]
    for second, pick in zip(dice.times(count, hours), picks, strict=True):
        fitting = [each for each in held if each.start <= second < each.end] or held[:1]
        session = dice.one(fitting)
        yield from did(account, session, habits[pick], day, max(second, session.start + 5), dice)


def did(
    account: Account, session: Session, habit: Habit, day: Day, second: float, dice: Dice
) -> Iterator[Record]:
    """The records of one habit carried out: the call, a retry, what a service did in its name."""
    moment = day.at(second)
    told = identity(account, session)
    error = habit.fails[0] if habit.fails and dice.chance(habit.fails[1]) else None
    made = record(
        account=account,
        who=told,
        call=habit.call,
        moment=moment,
        address=_address(session, habit.call, dice),
        agent=session.agent,
        dice=dice,
        slots=habit.slots,
        error=error,
        console=session.is_console,
        region=SPARE_REGION if habit.call == "ec2:CopySnapshot" else REGION,
    )
    yield made
    if error == "ThrottlingException":
        yield {
            **made,
            "eventTime": stamp(moment + timedelta(seconds=2)),
            "eventID": dice.uuid(),
            "requestID": dice.uuid(),
        }
    if habit.call == "athena:StartQueryExecution":
        yield from _in_its_name(account, told, moment, dice)


def _address(session: Session, call: str, dice: Dice) -> str:
    """S3 and DynamoDB are reached through endpoints of the private network where there is one."""
    in_network = session.who.kind in ("ecs", "ec2")
    if in_network and call.startswith(_PRIVATE_SERVICES):
        return f"10.20.{sum(session.name.encode()) % 4}.{sum(session.name.encode()) % 200 + 10}"
    return session.address


def _in_its_name(account: Account, who: Record, moment: datetime, dice: Dice) -> Iterator[Record]:
    """Athena reads with the caller's rights."""
    service = "athena.amazonaws.com"
    for call in ("glue:GetTable", "s3:GetObject"):
        yield record(
            account=account,
            who={**who, "invokedBy": service},
            call=call,
            moment=moment,
            address=service,
            agent=service,
            dice=dice,
            slots={
                "bucket": "brackwater-lake",
                "path": "lanes/part-{n3}.parquet",
                "table": "shipments",
            },
        )


def credentials(account: Account, held: list[Session], dice: Dice) -> Iterator[Record]:
    for session in held:
        kind = session.who.kind
        if kind in _SERVICE_OF:
            service = f"{_SERVICE_OF[kind]}.amazonaws.com"
            by: Record = {"type": "AWSService", "invokedBy": service}
            yield assumed(account, session, by, "AssumeRole", service, service, dice)
        elif kind == "oidc":
            yield _by_github(account, session, dice)
        elif kind == "external":
            by = {
                "type": "AWSAccount",
                "principalId": "AROAZK3JQW7XN2VUYD5TR:collector",
                "accountId": VENDOR_ACCOUNT,
            }
            yield assumed(account, session, by, "AssumeRole", VENDOR_HOST, session.agent, dice)
        elif kind == "sso":
            yield _by_single_sign_on(account, session, dice)


def _by_github(account: Account, session: Session, dice: Dice) -> Record:
    subject = f"repo:brackwater/{session.who.name.removeprefix('ci-')}:ref:refs/heads/main"
    provider = f"arn:aws:iam::{account.id}:oidc-provider/{GITHUB}"
    by = {
        "type": "WebIdentityUser",
        "principalId": f"{provider}:sts.amazonaws.com:{subject}",
        "userName": subject,
        "identityProvider": provider,
    }
    agent = "aws-sdk-js/3.873.0 configure-aws-credentials-for-github-actions"
    return assumed(account, session, by, "AssumeRoleWithWebIdentity", session.address, agent, dice)


def _by_single_sign_on(account: Account, session: Session, dice: Dice) -> Record:
    provider = "dQw8Zr1mT5vXb2LkHc0N6yJf3sA="
    by = {
        "type": "SAMLUser",
        "principalId": f"{provider}:{session.who.name}",
        "userName": session.who.name,
        "identityProvider": provider,
    }
    return assumed(account, session, by, "AssumeRoleWithSAML", session.address, session.agent, dice)


_LINKED = (
    (
        "AWSServiceRoleForConfig",
        "config.amazonaws.com",
        "AWSConfig-Describe",
        14,
        (
            "ec2:DescribeInstances",
            "ec2:DescribeVolumes",
            "iam:ListRoles",
            "rds:DescribeDBInstances",
            "config:PutEvaluations",
            "s3:GetBucketAcl",
        ),
    ),
    (
        "AWSServiceRoleForECS",
        "ecs.amazonaws.com",
        "ecs-service-scheduler",
        10,
        ("elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DescribeTargetHealth"),
    ),
    (
        "AWSServiceRoleForAutoScaling",
        "autoscaling.amazonaws.com",
        "AutoScaling",
        8,
        ("ec2:DescribeInstances", "autoscaling:DescribeAutoScalingGroups"),
    ),
)


def background(account: Account, day: Day, rate: float) -> Iterator[Record]:
    """What AWS does by itself: linked roles at work, the trail's own delivery, keys for disks."""
    dice = Dice(account.seed, account.number, day.date.toordinal(), 77)
    for role, service, name, per_day, calls in _LINKED:
        key = "ASIA" + dice.capitals(16)
        path = f"aws-service-role/{service}/"
        for second in dice.times(dice.poisson(per_day * rate), (1.0,) * 24):
            told = role_identity(account, role, path, name, key, day.at(0))
            told["invokedBy"] = service
            yield record(
                account=account,
                who=told,
                call=dice.one(calls),
                moment=day.at(second),
                address=service,
                agent=service,
                dice=dice,
                slots={"bucket": "brackwater-lake"},
            )
    for second in dice.times(dice.poisson(22 * rate), (1.0,) * 24):
        service, call = dice.one(
            (
                ("cloudtrail.amazonaws.com", "kms:GenerateDataKey"),
                ("cloudtrail.amazonaws.com", "s3:PutObject"),
                ("rds.amazonaws.com", "kms:CreateGrant"),
                ("ec2-frontend-api.amazonaws.com", "kms:Decrypt"),
            )
        )
        yield record(
            account=account,
            who={"type": "AWSService", "invokedBy": service},
            call=call,
            moment=day.at(second),
            address=service,
            agent=service,
            dice=dice,
            slots={"bucket": "brackwater-trail", "path": "AWSLogs/{date}/{h12}.json.gz"},
        )
    if day.number == 4 and account.number == 0:
        yield _root(account, day, dice)


def _root(account: Account, day: Day, dice: Dice) -> Record:
    """The yearly look at the bill, by the one who keeps the root account's second factor."""
    told = {
        "type": "Root",
        "principalId": account.id,
        "arn": f"arn:aws:iam::{account.id}:root",
        "accountId": account.id,
        "accessKeyId": "ASIA" + dice.capitals(16),
        "sessionContext": {
            "attributes": {"creationDate": stamp(day.at(50_000)), "mfaAuthenticated": "true"}
        },
    }
    who = next(each for each in CAST if each.name == f"oscar.lindqvist@{DOMAIN}")
    return record(
        account=account,
        who=told,
        call="iam:GetAccountSummary",
        moment=day.at(50_400),
        address=who.home,
        agent=who.agents[0],
        dice=dice,
        console=True,
    )
