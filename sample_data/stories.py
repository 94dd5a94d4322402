"""Planted stories in the trail, each with innocent ones that look like it.

A story is a row of `STORIES`: on which days of the month, by whom, and the records it adds. Where
the ordinary work itself tells the story (the new office, the traveller), it adds none and only the
truth is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from sample_data.cloudtrail import Record, Session, identity, record
from sample_data.company import (
    DOMAIN,
    LAMBDA_BLOCKS,
    NAT,
    NEW_OFFICE,
    PEOPLE,
    RUNNER_BLOCKS,
    Account,
    Habit,
    actor,
    h,
)
from sample_data.dice import Dice
from sample_data.month import (
    GROWN_ON,
    GROWN_ROLES,
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
from sample_data.sessions import moves, public_address, rotated_key, sessions
from sample_data.truth import Kind, Planted
from sample_data.work import credentials

_ABROAD, _RENTED = "95.216.44.171", "51.15.88.140"
_THEIR_CLI = (
    "aws-cli/2.27.49 md/awscrt#0.26.1 ua/2.1 os/linux#6.12.33 md/arch#x86_64 "
    "lang/python#3.13.4 cfg/retry-mode#standard"
)
_THEIR_BOTO = "Boto3/1.38.46 md/Botocore#1.38.46 ua/2.1 os/linux#6.8.0 lang/python#3.11.9"
_NO = ("AccessDenied", 1.0)

Act = Callable[[Account, Day, Dice], Iterator[Record]]


@dataclass(frozen=True, slots=True)
class Story:
    """What one actor does out of the ordinary; `days` are numbers of the month's days."""

    name: str
    detector: str
    kind: Kind
    who: str
    days: Sequence[int]
    what: str
    act: Act | None = None


def _spread(dice: Dice, start: int, end: int, count: int) -> list[int]:
    return sorted(start + dice.below(end - start) for _ in range(count))


def _use(
    account: Account, session: Session, day: Day, dice: Dice, steps: Sequence[tuple[int, Habit]]
) -> Iterator[Record]:
    """The session used for each habit at its second of the day."""
    told = identity(account, session)
    for second, habit in steps:
        yield record(
            account=account,
            who=told,
            call=habit.call,
            moment=day.at(second),
            address=session.address,
            agent=session.agent,
            dice=dice,
            slots=habit.slots,
            error=habit.fails[0] if habit.fails and dice.chance(habit.fails[1]) else None,
            console=session.is_console,
        )


def _at_random(
    habits: Sequence[Habit], seconds: Sequence[int], dice: Dice
) -> list[tuple[int, Habit]]:
    picks = dice.picks(len(seconds), [habit.weight for habit in habits])
    return [(second, habits[pick]) for second, pick in zip(seconds, picks, strict=True)]


# credential_reuse


def _key_abroad(account: Account, day: Day, dice: Dice) -> Iterator[Record]:
    own = sessions(account, actor("svc-edi-gateway"), day, 0)[0]
    stolen = replace(own, address=_ABROAD, agent=_THEIR_CLI)
    start = 13 * 3600 + dice.below(7200)
    look = [
        h("sts:GetCallerIdentity"),
        h("s3:ListBuckets", fails=_NO),
        h("iam:ListUsers", fails=_NO),
        h("s3:ListObjects", bucket="brackwater-edi", prefix="out/"),
        h("s3:ListObjects", bucket="brackwater-edi", prefix="in/"),
    ]
    take = [
        h("s3:GetObject", 8, bucket="brackwater-edi", path="in/{port}/{date}/S{n7}.edi"),
        h("s3:GetObject", 3, bucket="brackwater-edi", path="out/{port}/{date}/A{n7}.edi"),
    ]
    seconds = _spread(dice, start + 120, start + 4800, 32)
    steps = [(start + 11 * place, habit) for place, habit in enumerate(look)]
    yield from _use(account, stolen, day, dice, steps + _at_random(take, seconds, dice))


def _task_outside(account: Account, day: Day, dice: Dice) -> Iterator[Record]:
    held = sessions(account, actor("tracking-ingest-task"), day, 0)
    own = next(each for each in held if each.start == 8 * 3600)
    stolen = replace(own, address=_RENTED, agent=_THEIR_BOTO)
    start = 10 * 3600 + dice.below(3600)
    look = [
        h("sts:GetCallerIdentity"),
        h("s3:ListBuckets", fails=_NO),
        h("iam:GetUser", fails=_NO),
        h("ssm:GetParameter", service="tracking-ingest"),
    ]
    take = [
        h("s3:GetObject", 5, bucket="brackwater-edi", path="in/{port}/{date}/S{n7}.edi"),
        h("dynamodb:Scan", 2, table="shipments"),
        h("sqs:ReceiveMessage", 2, queue="tracking-updates"),
    ]
    steps = [(start + 17 * place, habit) for place, habit in enumerate(look)]
    seconds = _spread(dice, start + 200, start + 6600, 26)
    yield from _use(account, stolen, day, dice, steps + _at_random(take, seconds, dice))


def _key_shared(account: Account, day: Day, dice: Dice) -> Iterator[Record]:
    own = sessions(account, actor("svc-llm-gateway"), day, 0)[0]
    others = (
        replace(
            own,
            address=NAT[1],
            agent="aws-sdk-js/3.873.0 ua/2.1 os/linux#6.1.148 lang/js "
            "md/nodejs#22.18.0 app/ledger-helper",
        ),
        replace(
            own,
            address=public_address(dice, LAMBDA_BLOCKS),
            agent="aws-sdk-go-v2/1.38.0 ua/2.1 os/linux lang/go#1.25.0 app/route-planner",
        ),
    )
    habits = (h("bedrock:InvokeModel", 4), h("bedrock:Converse", 2))
    for other in others:
        seconds = _spread(dice, 13 * 3600, 21 * 3600, 24)
        yield from _use(account, other, day, dice, _at_random(habits, seconds, dice))


def _rotation(account: Account, day: Day, dice: Dice) -> Iterator[Record]:
    """Made by the platform lead, who retires the old key when nothing uses it any more."""
    lead = sessions(account, actor(f"maren.ostby@{DOMAIN}"), day, 0)[0]
    known = {
        "user": ROTATED_USER,
        "old_key": account.keys[ROTATED_USER],
        "new_key": rotated_key(account),
    }
    yield from _use(
        account,
        lead,
        day,
        dice,
        [
            (ROTATED_FROM_SECOND - 900, Habit("iam:ListAccessKeys", slots=known)),
            (ROTATED_FROM_SECOND - 600, Habit("iam:CreateAccessKey", slots=known)),
            (RETIRED_AT_SECOND + 600, Habit("iam:UpdateAccessKey", slots=known)),
        ],
    )


# privilege_drift


def _job(account: Account, name: str, day: Day, second: int, dice: Dice) -> Session:
    """One more run of a CI job, on its own runner."""
    who = actor(name)
    return Session(
        who,
        second,
        second + 1500,
        day.at(second),
        "ASIA" + dice.capitals(16),
        f"{name}-{dice.digits(11)}",
        public_address(dice, RUNNER_BLOCKS),
        who.agents[0],
    )


_ALL_ALLOWED = '{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'


def _self_grant(account: Account, day: Day, dice: Dice) -> Iterator[Record]:
    start = 17 * 3600 + dice.below(3600)
    job = _job(account, "ci-test", day, start, dice)
    own = {
        "role": "ci-test",
        "policy": "ci-test-cache",
        "document": _ALL_ALLOWED,
        "policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess",
    }
    first = [
        h("sts:GetCallerIdentity"),
        h("secretsmanager:GetSecretValue", fails=_NO),
        h("s3:ListBuckets", fails=_NO),
        Habit("iam:ListRolePolicies", slots=own),
        Habit("iam:ListAttachedRolePolicies", slots=own),
        Habit("iam:PutRolePolicy", slots=own),
        Habit("iam:AttachRolePolicy", slots=own),
        h("secretsmanager:ListSecrets"),
        h("secretsmanager:GetSecretValue", vault_item="prod/core-db/app"),
        h("secretsmanager:GetSecretValue", vault_item="prod/carriers/tokens"),
        h("s3:ListBuckets"),
        h("iam:ListUsers"),
        h("rds:DescribeDBSnapshots"),
    ]
    second = [
        h("sts:GetCallerIdentity"),
        Habit("iam:CreatePolicyVersion", slots=own),
        h("lambda:ListFunctions20150331"),
        h("lambda:CreateFunction20150331", function="cache-warm", role="nightly-etl"),
        h("secretsmanager:GetSecretValue", vault_item="prod/mail/smtp"),
        h("s3:GetObject", bucket="brackwater-backup", path="index/{date}.json"),
    ]
    steps = first if day.number == 24 else second
    yield from credentials(account, [job], dice)
    yield from _use(
        account,
        job,
        day,
        dice,
        [(start + 20 + 35 * place, habit) for place, habit in enumerate(steps)],
    )


_CREEP: tuple[tuple[int, tuple[Habit, ...]], ...] = (
    (16, (h("logs:DescribeLogGroups"), h("logs:FilterLogEvents"))),
    (18, (h("ecs:ListTasks"), h("ecs:DescribeServices"))),
    (20, (h("dynamodb:DescribeTable"), h("dynamodb:Scan", table="customer_accounts"))),
    (22, (h("s3:ListBuckets"), h("s3:ListObjects", bucket="brackwater-quotes", prefix="pdf/"))),
    (24, (h("ssm:GetParametersByPath"), h("lambda:ListFunctions20150331"))),
    (
        26,
        (
            h("s3:PutObject", bucket="brackwater-docs", path="exports/{date}-{h6}.csv"),
            h("dynamodb:PutItem", table="quotes"),
        ),
    ),
    (
        28,
        (h("lambda:Invoke", function="manifest-split"), h("ecs:RunTask", service="customs-forms")),
    ),
)


def _creep(account: Account, day: Day, dice: Dice) -> Iterator[Record]:
    own = sessions(account, actor("svc-metrics-export"), day, 0)[0]
    gained = [habit for since, habits in _CREEP if since <= day.number for habit in habits]
    steps = [(dice.below(86_400), habit) for habit in gained for _ in range(1 + dice.below(2))]
    yield from _use(account, own, day, dice, sorted(steps, key=lambda step: step[0]))


def _agent_secrets(account: Account, day: Day, dice: Dice) -> Iterator[Record]:
    held = sessions(account, actor("agent-ledger-match"), day, 0)
    own = next(each for each in held if each.start == 16 * 3600)
    habits = (
        h("secretsmanager:GetSecretValue", 4),
        h("secretsmanager:ListSecrets", 1),
        h("kms:Decrypt", 3, bucket="brackwater-backup"),
        h("kms:ListAliases", 0.7),
        h("kms:DescribeKey", 0.7),
        h("ssm:GetParametersByPath", 1),
    )
    seconds = _spread(dice, 16 * 3600 + 600, 20 * 3600, 15)
    yield from _use(account, own, day, dice, _at_random(habits, seconds, dice))


def _roll_out(account: Account, day: Day, dice: Dice) -> Iterator[Record]:
    """The event bus: its queue, its rules, and the same right for each of its publishers."""
    job = _job(account, "terraform-deployer", day, 300, dice)
    document = (
        '{"Statement":[{"Effect":"Allow","Action":["sqs:SendMessage","events:PutEvents"],'
        '"Resource":"*"}]}'
    )
    steps = [
        h("sts:GetCallerIdentity"),
        h("s3:GetObject", bucket="brackwater-tfstate", path="prod/terraform.tfstate"),
        h("sqs:CreateQueue", queue="freight-updates"),
        h("events:PutRule", service="freight"),
    ]
    for role in GROWN_ROLES:
        steps += [
            h("iam:GetRole", role=role),
            h("iam:PutRolePolicy", role=role, policy="publish-updates", document=document),
        ]
    steps.append(h("s3:PutObject", bucket="brackwater-tfstate", path="prod/terraform.tfstate"))
    yield from credentials(account, [job], dice)
    yield from _use(
        account, job, day, dice, [(320 + 9 * place, habit) for place, habit in enumerate(steps)]
    )


STORIES: tuple[Story, ...] = (
    Story(
        "stolen-key-abroad",
        "credential_reuse",
        "attack",
        "svc-edi-gateway",
        (23, 24),
        "The long-lived key of the EDI gateway reads shipments from a rented server in Finland "
        "while the gateway itself goes on from the depot.",
        _key_abroad,
    ),
    Story(
        "task-session-outside",
        "credential_reuse",
        "attack",
        "tracking-ingest-task",
        (25,),
        "The running task's session key is used from a rented server in France while the task "
        "works on in its own network.",
        _task_outside,
    ),
    Story(
        "key-shared-by-agents",
        "credential_reuse",
        "attack",
        "svc-llm-gateway",
        (27, 28),
        "Two more programs, on other hosts and other SDKs, call models with the triage "
        "gateway's key at the same hours.",
        _key_shared,
    ),
    Story(
        "ci-grants-itself",
        "privilege_drift",
        "attack",
        "ci-test",
        (24, 26),
        "The test job is refused secrets, writes itself a policy that allows everything, "
        "attaches AdministratorAccess to its own role and then reads the secrets.",
        _self_grant,
    ),
    Story(
        "slow-creep",
        "privilege_drift",
        "attack",
        "svc-metrics-export",
        range(16, 30),
        "Over two weeks the metrics exporter adds a service or two every other day, first "
        "reading, then writing, where none of its peers work.",
        _creep,
    ),
    Story(
        "agent-reads-secrets",
        "privilege_drift",
        "attack",
        "agent-ledger-match",
        (26, 27, 28),
        "The invoice agent's role begins to list and read secrets and to decrypt with keys it "
        "never used.",
        _agent_secrets,
    ),
    Story(
        "rotated-key",
        "credential_reuse",
        "lookalike",
        ROTATED_USER,
        (ROTATED_ON,),
        "A key is rotated: for six hours the old and the new one are used from the same "
        "network by the same program.",
        _rotation,
    ),
    *(
        Story(
            "new-office",
            "credential_reuse",
            "lookalike",
            each.name,
            range(NEW_OFFICE_FROM, 30),
            "People move to a new office with its own provider.",
        )
        for each in PEOPLE
        if moves(each)
    ),
    Story(
        "traveller",
        "credential_reuse",
        "lookalike",
        TRAVELLER,
        range(TRAVEL_FROM, TRAVEL_UNTIL),
        "The analyst flies to Lisbon overnight and signs in from there for some days.",
    ),
    Story(
        "on-call-night",
        "privilege_drift",
        "lookalike",
        ON_CALL[20],
        (20,),
        "The engineer on call works at night from home, as on earlier nights.",
    ),
    *(
        Story(
            "event-bus-roll-out",
            "privilege_drift",
            "lookalike",
            role,
            range(GROWN_ON, 30),
            "A deployment lets three services publish to the new event bus, all on one day.",
        )
        for role in GROWN_ROLES
    ),
    Story(
        "event-bus-deployed",
        "privilege_drift",
        "lookalike",
        "terraform-deployer",
        (GROWN_ON,),
        "The deployer grants three other roles the new right, as deployers do.",
        _roll_out,
    ),
)


def planted_on(
    account: Account,
    day: Day,
    work: Sequence[Record],
    stories: Sequence[Story] = STORIES,
    *,
    stream: int = 500,
) -> tuple[list[Record], list[Planted]]:
    """The records that stories add to the day's `work`, and their truth; in the first account.
    `stream` is the first story's dice.
    """
    if account.number != 0:
        return [], []
    used = {each["userIdentity"].get("accessKeyId") for each in work}
    records: list[Record] = []
    truth: list[Planted] = []
    for index, story in enumerate(stories):
        if day.number not in story.days:
            continue
        dice = Dice(account.seed, stream + index, day.date.toordinal())
        added = list(story.act(account, day, dice)) if story.act is not None else []
        subject = _subject(account, story, day, added)
        if story.act is None:
            subject = tuple(key for key in subject if key in used)
        records += added
        if subject:
            truth.append(
                Planted(
                    story.name,
                    story.detector,
                    story.kind,
                    _identity(account, story),
                    subject,
                    (day.date.isoformat(),),
                    story.what,
                )
            )
    return records, truth


def _identity(account: Account, story: Story) -> str:
    who = actor(story.who)
    if who.kind == "user":
        return account.user_arn(who.name)
    if who.kind == "sso":
        role = account.sso_role(who.role)
        return f"arn:aws:sts::{account.id}:assumed-role/{role}/{who.name}"
    return account.role_arn(who.name)


def _subject(account: Account, story: Story, day: Day, added: Sequence[Record]) -> tuple[str, ...]:
    """The access keys that the story's actor holds, or those of the records it added."""
    if story.name == "rotated-key":
        return account.keys[story.who], rotated_key(account)
    if story.act is None:
        held = sessions(account, actor(story.who), day, 0)
        at = {"new-office": NEW_OFFICE, "traveller": TRAVEL_ADDRESS}.get(story.name)
        return tuple(each.key for each in held if at is None or each.address == at)
    own = [each["userIdentity"] for each in added if _is_by(each, _identity(account, story))]
    return tuple(sorted({who["accessKeyId"] for who in own if "accessKeyId" in who}))


def _is_by(made: Record, identity_id: str) -> bool:
    who = made["userIdentity"]
    issuer = who.get("sessionContext", {}).get("sessionIssuer", {})
    return identity_id in (who.get("arn"), issuer.get("arn"))
