"""The agents and what they are asked to do: prompts, and the tool calls that answer them.

A task is a short script. Slots in braces are drawn once a run, so what a call's arguments name was
in the prompt or in an earlier result, as it is with agents that do their work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    """A tool call. `often` is how often a run takes it; `times` how many in a row, at most."""

    tool: str
    arguments: Mapping[str, Any]
    result: Any
    often: float = 1.0
    times: int = 1
    by: str = ""
    """The sub-agent that makes it, if any."""


@dataclass(frozen=True, slots=True)
class Task:
    """One kind of work. A run takes one of the prompts and ends with one of the answers."""

    prompts: tuple[str, ...]
    steps: tuple[Step, ...]
    answers: tuple[str, ...]
    weight: float = 1.0
    since: int = -10_000
    """The day of the month from which it is asked for."""


@dataclass(frozen=True, slots=True)
class Agent:
    """An AI agent. `per_day` is its runs on a weekday; `mcp` are tools behind an MCP server."""

    id: str
    name: str
    version: str
    provider: str
    model: str
    per_day: float
    weekend: float
    users: tuple[str, ...]
    tasks: tuple[Task, ...]
    mcp: tuple[str, ...] = ()


_TICKET = {
    "id": "{ticket}",
    "from": "{person} {surname} <{mailbox}@{customer_domain}>",
    "account": "{customer}",
    "subject": "{shipment}: {city}",
    "body": "{hello}, {complaint}. {mood} {thanks}, {person}",
}
_SHIPMENT = {
    "shipment": "{shipment}",
    "goods": "{goods}",
    "from": "{city}",
    "to": "{city2}",
    "vessel": "{vessel}",
    "status": "{status}",
    "eta": "{date}",
}
_PROFILE = {
    "account": "{customer}",
    "domain": "{customer_domain}",
    "owner": "{staff}",
    "terms": "net {n2}",
    "phone": "+1 617 555 0{n3}",
    "tier": "B",
    "contacts": ["{person} {surname}"],
    "address": "{n3} Wharf Road, {city2}",
}
_REPLY = {
    "ticket": "{ticket}",
    "to": "{mailbox}@{customer_domain}",
    "text": "Hello {person}, {reply} {thanks}, Brackwater support",
}

_GET_TICKET = Step("get_ticket", {"ticket": "{ticket}"}, _TICKET)
_LOOKUP = Step("lookup_shipment", {"shipment": "{shipment}"}, _SHIPMENT)
_ARTICLE = Step(
    "search_help_center", {"query": "{article}"}, [{"title": "{article}", "text": "{advice}"}], 0.7
)

TRIAGE = Agent(
    "dockhand-triage",
    "Dockhand",
    "2.8.1",
    "anthropic",
    "claude-sonnet-4-5",
    17,
    0.35,
    ("priya.nandal", "joel.abara", "sofie.brandt"),
    (
        Task(
            (
                "{please} answer ticket {ticket} from {customer}.",
                "Ticket {ticket} just came in, have a look and reply if it is simple.",
                "{customer} wrote again in {ticket}. Find out where {shipment} is and answer them.",
                "Work on {ticket}: check the shipment and tell the customer what is going on.",
                "{please} take {ticket}, it is about {shipment}.",
                "Someone at {customer} is waiting on {ticket} since {weekday}. Sort it out.",
                "Reply to {ticket} in a friendly tone once you know the status of {shipment}.",
            ),
            (
                _GET_TICKET,
                _LOOKUP,
                _ARTICLE,
                Step("get_customer_profile", {"account": "{customer}"}, _PROFILE, 0.45),
                Step("send_reply", _REPLY, {"sent": True, "message": "m-{h8}"}),
                Step("update_ticket", {"ticket": "{ticket}", "status": "answered"}, "ok", 0.8),
            ),
            (
                "Answered {ticket}: {reply}",
                "The customer has been told. {ticket} is closed.",
                "Done, {customer} got a reply about {shipment}.",
            ),
            5,
        ),
        Task(
            (
                "Which open tickets from {customer} are about {goods}?",
                "{please} sort the tickets of {weekday} by how urgent they are.",
                "Give me the queue for {city} and say which ones need a person.",
                "Anything in the queue about {shipment}?",
            ),
            (
                Step(
                    "search_tickets",
                    {"query": "{customer} {goods}", "state": "open"},
                    [
                        {"id": "{ticket}", "subject": "{goods}, {city}"},
                        {"id": "T-{n5}", "subject": "{shipment}"},
                    ],
                ),
                _GET_TICKET,
                Step("escalate_ticket", {"ticket": "{ticket}", "to": "{staff}"}, "assigned", 0.4),
            ),
            (
                "{ticket} is the one that needs a person: {complaint}.",
                "There are two; the first is about {goods} in {city}.",
            ),
            2,
        ),
        Task(
            (
                "Draft an answer for {ticket}, I will send it myself.",
                "{please} write me something for {customer} about {complaint}.",
                "How do we handle it when {complaint}?",
            ),
            (
                _ARTICLE,
                Step("get_ticket", {"ticket": "{ticket}"}, _TICKET, 0.8),
                Step(
                    "draft_reply",
                    {"ticket": "{ticket}", "text": "Hello {person}, {reply}"},
                    {"draft": "d-{h8}"},
                ),
            ),
            ("The draft is in {ticket}.", "Here it is: {reply}"),
            2,
        ),
    ),
)

_INVOICE = {
    "invoice": "{invoice}",
    "vendor": "{vendor}",
    "po": "{po}",
    "amount": "{amount}",
    "currency": "{currency}",
    "due": "{date}",
    "lines": [{"text": "Handling of {goods}, {city}", "amount": "{amount}"}],
}
_ORDER = {"po": "{po}", "vendor": "{vendor}", "approved": "{amount}", "owner": "{staff}"}
_GET_INVOICE = Step("get_invoice_document", {"invoice": "{invoice}"}, _INVOICE)
_GET_ORDER = Step("lookup_purchase_order", {"po": "{po}"}, _ORDER)

LEDGER = Agent(
    "ledger-match",
    "Ledger Match",
    "1.14.0",
    "openai",
    "gpt-5-mini",
    13,
    0.15,
    ("graham.tull", "elena.marsh", "nadia.wrenn"),
    (
        Task(
            (
                "Match {invoice} from {vendor} against its order.",
                "{please} reconcile {vendor}'s invoice {invoice}.",
                "Does {invoice} agree with {po}? Post it if it does.",
                "{vendor} sent {invoice} over {amount} {currency}. Check and book it.",
                "Go through {invoice} line by line and compare it with {po}.",
            ),
            (
                _GET_INVOICE,
                _GET_ORDER,
                Step(
                    "match_payment",
                    {"invoice": "{invoice}", "amount": "{amount}"},
                    {"match": True, "payment": "PAY{n7}"},
                ),
                Step(
                    "post_journal_note",
                    {"invoice": "{invoice}", "note": "matched to {po}"},
                    {"note": "{h8}"},
                    0.8,
                ),
            ),
            ("{invoice} matches {po}; noted in the journal.", "Matched, {amount} {currency}."),
            4,
        ),
        Task(
            (
                "{vendor} says {invoice} is unpaid. What happened?",
                "Find the remittance for {invoice} and answer {vendor}.",
                "{please} look into the open part of {invoice} and tell {vendor} when it is paid.",
            ),
            (
                Step(
                    "list_open_invoices",
                    {"vendor": "{vendor}"},
                    [{"invoice": "{invoice}", "amount": "{amount}"}],
                ),
                Step(
                    "fetch_remittance_email",
                    {"vendor": "{vendor}", "invoice": "{invoice}"},
                    {
                        "from": "accounts@{vendor_domain}",
                        "text": "{hello}, we miss {amount} "
                        "{currency} for {invoice}. Please confirm the date. {thanks}, {person}",
                    },
                ),
                Step(
                    "match_payment",
                    {"invoice": "{invoice}", "amount": "{amount}"},
                    {"match": False, "open": "{amount}"},
                    0.7,
                ),
                Step(
                    "message_vendor",
                    {
                        "vendor": "{vendor}",
                        "to": "accounts@{vendor_domain}",
                        "text": "{hello}, {invoice} will be paid on {weekday}.",
                    },
                    "queued",
                ),
            ),
            ("Told {vendor} that {invoice} is paid on {weekday}.",),
            2,
        ),
        Task(
            (
                "The amounts on {invoice} and {po} differ. Flag it.",
                "{please} check {invoice}, the {goods} look too expensive to me.",
            ),
            (
                _GET_INVOICE,
                _GET_ORDER,
                Step(
                    "flag_discrepancy",
                    {"invoice": "{invoice}", "reason": "{goods}: {amount} more than ordered"},
                    {"flag": "F{n5}", "owner": "{staff}"},
                ),
            ),
            ("Flagged for {staff}.",),
            1.5,
        ),
        Task(
            (
                "{vendor} has moved to {n3} Pier Street in {city}; change their record.",
                "{please} put {person} {surname} in as the new contact of {vendor}.",
            ),
            (
                Step(
                    "update_vendor_record",
                    {"vendor": "{vendor}", "field": "contact", "value": "{person} {surname}"},
                    {"saved": True},
                ),
            ),
            ("The record of {vendor} is changed.",),
            0.5,
        ),
        Task(
            (
                "{vendor} billed {invoice} in {foreign}. Convert it and match it with {po}.",
                "What is {amount} {foreign} of {invoice} in dollars? Match it if it fits {po}.",
                "{please} reconcile {invoice}; it is in {foreign}, the order is in USD.",
            ),
            (
                _GET_INVOICE,
                Step(
                    "convert_currency",
                    {"amount": "{amount}", "from": "{foreign}", "to": "USD"},
                    {"amount": "{n4}.{n2}", "rate": "1.{n4}"},
                ),
                _GET_ORDER,
                Step(
                    "match_payment",
                    {"invoice": "{invoice}", "amount": "{amount}"},
                    {"match": True, "payment": "PAY{n7}"},
                ),
            ),
            ("{invoice} fits {po} after conversion from {foreign}.",),
            5,
            since=18,
        ),
    ),
)

_LOGS = ["{date}T{n2}:14:05Z {logline}", "{date}T{n2}:15:41Z {logline2}"]
_TAIL = Step("tail_logs", {"service": "{service}", "lines": 200}, _LOGS, by="log-reader")
_METRICS = Step(
    "query_metrics",
    {"service": "{service}", "metric": "latency_p95", "minutes": 60},
    {"now": "{n3} ms", "an_hour_ago": "{n3} ms"},
)
_DESCRIBE = Step(
    "describe_service",
    {"service": "{service}"},
    {"service": "{service}", "wanted": 2, "running": 2, "image": "{h7}"},
)

OPS = Agent(
    "yardmaster",
    "Yardmaster",
    "0.9.4",
    "aws.bedrock",
    "us.anthropic.claude-sonnet-4-5",
    11,
    0.5,
    ("maren.ostby", "tobias.renn", "kofi.asante"),
    (
        Task(
            (
                "{service}: {symptom}. What is going on?",
                "Pager says {symptom} on {service}. Have a look.",
                "{please} find out why {symptom} for {service}.",
                "Is {service} healthy? A customer in {city} complains.",
            ),
            (
                _METRICS,
                _DESCRIBE,
                _TAIL,
                Step("read_runbook", {"title": "{service}"}, "{runbook}", 0.6),
                Step(
                    "get_deploy_history",
                    {"service": "{service}", "days": 3},
                    [{"image": "{h7}", "by": "ci-deploy", "at": "{date}"}],
                    0.6,
                ),
            ),
            (
                "{service} is slow because of {vendor}: {logline}",
                "It recovered by itself.",
                "The last release is the likely cause.",
            ),
            4,
        ),
        Task(
            (
                "Restart {service} and post an update.",
                "{please} restart {service}, {symptom} again.",
                "Bounce {service} and tell the channel when it is back.",
            ),
            (
                _DESCRIBE,
                Step(
                    "restart_service",
                    {"service": "{service}", "reason": "{symptom}"},
                    {"started": True},
                ),
                _METRICS,
                Step(
                    "post_incident_update",
                    {"channel": "ops", "text": "{service} restarted"},
                    "posted",
                ),
            ),
            ("{service} is back.",),
            1.2,
        ),
        Task(
            (
                "What was released for {service} on {weekday}?",
                "Summarise the changes to {service} this week.",
                "{please} open a change request to scale {service} for {weekday}.",
            ),
            (
                Step(
                    "get_deploy_history",
                    {"service": "{service}", "days": 7},
                    [{"image": "{h7}", "by": "ci-deploy"}, {"image": "{h7}", "by": "ci-deploy"}],
                ),
                Step(
                    "open_change_request",
                    {"service": "{service}", "text": "scale for {weekday}"},
                    {"id": "CHG{n5}"},
                    0.5,
                ),
            ),
            ("Two releases, both small.", "Opened for {weekday}."),
            2,
        ),
    ),
)

_SQL = (
    "select lane, avg({measure_column}) from lanes where lane = '{lane}' and period = "
    "'{period}' group by lane"
)
_QUERY = Step(
    "run_warehouse_query",
    {"sql": _SQL},
    {"rows": [["{lane}", "{n2}.{n2}"], ["all lanes", "{n2}.{n2}"]], "scanned_mb": "{n3}"},
)
_CHART = Step(
    "render_chart",
    {"kind": "line", "title": "{measure}, {lane}"},
    {"chart": "c-{h8}.png"},
    0.6,
    by="chart-smith",
)
_WEB = Step(
    "fetch_market_page",
    {"url": "{page}"},
    {"url": "{page}", "title": "Market notes", "text": "{news} {news2}"},
)

ANALYST = Agent(
    "lanewise",
    "Lanewise",
    "3.2.0",
    "mistral_ai",
    "mistral-large-2411",
    9,
    0.2,
    ("ines.caldeira", "oscar.lindqvist", "elena.marsh", "yusuf.darwish"),
    (
        Task(
            (
                "How did {measure} develop on {lane} in {period}?",
                "Chart {measure} for {lane} over {period}.",
                "{please} compare {measure} on {lane} with all lanes, {period}.",
                "I want the numbers for {measure}, {lane}, {period}.",
            ),
            (
                Step("list_datasets", {}, ["lanes", "shipments", "claims", "rates"], 0.4),
                Step(
                    "read_dataset_notes",
                    {"dataset": "lanes"},
                    "Late rows arrive until noon. Filter "
                    "on closed = true and ask {staff} before you use the cost columns.",
                    0.4,
                ),
                _QUERY,
                _CHART,
            ),
            ("{measure} on {lane} moved by {n1} percent in {period}.", "See the chart."),
            4,
        ),
        Task(
            (
                "Put {measure} for {lane} beside what {page} says and send it to {staff}.",
                "{please} read {page}, compare it with {measure} on {lane}, share with {staff}.",
            ),
            (
                _WEB,
                _QUERY,
                _CHART,
                Step(
                    "share_report",
                    {"to": "{staff}@brackwater.example", "title": "{measure}, {lane}"},
                    {"shared": True},
                ),
            ),
            ("{staff} has the report.",),
            2,
        ),
        Task(
            (
                "What does {page} say about {city}?",
                "{please} sum up {page} for me.",
                "Anything new on {lane}? Try {page}.",
            ),
            (_WEB,),
            ("In short: {news}",),
            1.5,
        ),
        Task(
            (
                "Go through all pages of the claims of {customer} and count them by cause.",
                "{please} read every claim of {customer} in {period}.",
            ),
            (
                Step(
                    "list_claims",
                    {"customer": "{customer}", "page": "{page_number}"},
                    [{"claim": "C{n6}", "cause": "{complaint}"}],
                    times=12,
                ),
            ),
            ("Most of them are about {goods}.",),
            0.7,
        ),
    ),
)

_TRAVELLER = {
    "name": "{person} {surname}",
    "passport": "X{n8}",
    "born": "19{n2}-04-1{n1}",
    "seat": "aisle",
    "card": "ends {n4}",
}
_GET_TRAVELLER = Step("get_traveller_profile", {"traveller": "{person} {surname}"}, _TRAVELLER)
_READ_PAGE = Step(
    "open_page",
    {"url": "https://{hotel_domain}/rooms"},
    {"title": "{hotel}", "text": "{hotel} in {city}. {guest_note} {guest_note2}"},
)
_BOOK_ROOM = Step(
    "book_room",
    {"hotel": "{hotel}", "guest": "{person} {surname}", "from": "{date}", "nights": "{nights}"},
    {"booking": "H{n7}"},
)
_SEND_PLAN = Step(
    "email_itinerary",
    {
        "to": "{staff}@brackwater.example",
        "text": "{person} {surname}: {hotel}, {city}, booking confirmed",
    },
    "sent",
    0.8,
)

TRAVEL = Agent(
    "wayfinder",
    "Wayfinder",
    "1.3.2",
    "anthropic",
    "claude-haiku-4-5",
    8,
    0.3,
    ("nadia.wrenn", "sofie.brandt", "kofi.asante", "yusuf.darwish"),
    (
        Task(
            (
                "Book {person} {surname} a room in {city} for {occasion}.",
                "{person} {surname} goes to {city} for {occasion}; find a room near the port.",
                "{please} get {hotel} in {city} for {person} {surname}, {nights} nights.",
                "We need a bed for {person} {surname} in {city} from {weekday}.",
            ),
            (
                _GET_TRAVELLER,
                Step(
                    "search_hotels",
                    {"city": "{city}", "from": "{date}"},
                    [{"hotel": "{hotel}", "price": "1{n2}", "site": "{hotel_domain}"}],
                ),
                _READ_PAGE,
                _BOOK_ROOM,
                _SEND_PLAN,
            ),
            ("{person} stays at {hotel}.", "Booked {hotel}, {city}."),
            3,
        ),
        Task(
            (
                "Fly {person} {surname} from {city2} to {city} on {weekday}.",
                "{please} find a flight to {city} for {person} {surname}, {occasion}.",
                "Cheapest way from {city2} to {city} for {person} {surname}?",
            ),
            (
                Step(
                    "read_travel_policy",
                    {"topic": "flights"},
                    "Book economy under six hours. Ask "
                    "the lead for anything above 900 USD and keep the receipt.",
                    0.5,
                ),
                Step(
                    "search_flights",
                    {"from": "{city2}", "to": "{city}", "on": "{weekday}"},
                    [{"flight": "{flight}", "airline": "{airline}", "price": "4{n2}"}],
                ),
                _GET_TRAVELLER,
                Step("hold_fare", {"flight": "{flight}"}, {"hold": "{h6}"}, 0.5),
                Step(
                    "book_fare",
                    {"flight": "{flight}", "passenger": "{person} {surname}"},
                    {"record": "{h6}"},
                ),
                _SEND_PLAN,
            ),
            ("{flight} with {airline} is booked for {person}.",),
            3,
        ),
        Task(
            ("What may we spend on a hotel in {city}?", "Is {hotel} in {city} any good?"),
            (
                Step(
                    "read_travel_policy",
                    {"topic": "hotels"},
                    "Up to 190 USD a night. Use the "
                    "listed houses first and send exceptions to nadia.wrenn@brackwater.example.",
                ),
                Step(
                    "open_page",
                    {"url": "https://{hotel_domain}/"},
                    {"title": "{hotel}", "text": "{guest_note}"},
                    0.6,
                ),
            ),
            ("Up to 190 USD.",),
            1,
        ),
    ),
    mcp=("search_flights", "search_hotels", "hold_fare", "book_fare", "book_room"),
)

AGENTS: tuple[Agent, ...] = (TRIAGE, LEDGER, OPS, ANALYST, TRAVEL)


def agent(agent_id: str) -> Agent:
    """The agent with this id."""
    return next(each for each in AGENTS if each.id == agent_id)
