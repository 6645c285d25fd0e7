"""A second, slow opinion of what a run sent: it splits the bytes and shares nothing with the simulator's code.

The records may come in any order.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

Fields = dict[int, str]
EVENTS = frozenset("12345AQj")
Ranges = tuple[tuple[int, int], ...]


@dataclass
class Recount:
    """The counts of `Ledger` that can be told from the bytes alone, and the orders."""

    messages: int = 0
    garbled: int = 0
    by_msg_type: Counter[str] = field(default_factory=Counter)
    by_session: Counter[str] = field(default_factory=Counter)
    gaps: dict[str, tuple[Ranges, Ranges]] = field(default_factory=dict)
    events: dict[str, dict[str, int]] = field(default_factory=dict)
    began: set[tuple[str, int]] = field(default_factory=set)
    fills: dict[str, tuple[int, Decimal, Decimal]] = field(default_factory=dict)
    busts: int = 0
    corrections: int = 0
    conflicts: int = 0
    orders: list[dict[str, Any]] = field(default_factory=list)


def is_intact(message: bytes) -> bool:
    """If BodyLength(9) and CheckSum(10) are there and true."""
    try:
        begin, length, rest = message.split(b"\x01", 2)
        body = rest[: int(length.removeprefix(b"9="))]
        head = b"\x01".join((begin, length, body))
    except ValueError:
        return False
    return (
        begin.startswith(b"8=FIX")
        and length.startswith(b"9=")
        and body.endswith(b"\x01")
        and message == head + b"10=%03d\x01" % (sum(head) % 256)
    )


def split(message: bytes) -> Fields:
    """The fields of an intact message; of a tag that is there twice, the first."""
    fields: Fields = {}
    for part in message.removesuffix(b"\x01").split(b"\x01"):
        tag, _, value = part.partition(b"=")
        fields.setdefault(int(tag), value.decode("latin-1"))
    return fields


def count_again(values: Iterable[bytes]) -> Recount:
    """Count a whole run."""
    count = Recount()
    intact: list[Fields] = []
    for value in values:
        count.messages += 1
        if is_intact(value):
            intact.append(split(value))
        else:
            count.garbled += 1
    intact.sort(key=when)
    numbers: defaultdict[str, list[Fields]] = defaultdict(list)
    for fields in intact:
        session = f"{fields[49]}->{fields[56]}"
        count.by_msg_type[fields[35]] += 1
        count.by_session[session] += 1
        numbers[session].append(fields)
    count.gaps = {session: gaps_of(messages) for session, messages in numbers.items()}
    for session, messages in numbers.items():
        count.began.add((session, when(messages[0])[0]))
        events = {(fields[35], fields[34]) for fields in messages if fields[35] in EVENTS}
        count.events[session] = dict(sorted(Counter(msg_type for msg_type, _ in events).items()))
    count_trades(count, intact)
    count.orders = orders_of(intact)
    return count


def when(fields: Fields) -> tuple[int, int]:
    """When a message was sent first, in microseconds, and its number."""
    text = fields[122] if fields.get(43) == "Y" else fields[60] if fields.get(97) == "Y" else fields[52]
    moment = datetime.strptime(text, "%Y%m%d-%H:%M:%S.%f").replace(tzinfo=UTC)
    return round(moment.timestamp() * 1_000_000), int(fields[34])


def gaps_of(messages: list[Fields]) -> tuple[Ranges, Ranges]:
    """Of one direction that counts from 1: the numbers that did not come in their turn, and those that never did."""
    every = set(range(1, max(int(fields[34]) for fields in messages) + 1))
    missed = every - {int(fields[34]) for fields in messages if fields.get(43) != "Y"}
    missing = set(missed)
    for fields in messages:
        number = int(fields[34])
        missing -= set(range(number, int(fields[36]) if fields[35] == "4" else number + 1))
    return in_ranges(missed), in_ranges(missing)


def in_ranges(numbers: set[int]) -> Ranges:
    firsts = sorted(number for number in numbers if number - 1 not in numbers)
    lasts = sorted(number for number in numbers if number + 1 not in numbers)
    return tuple(zip(firsts, lasts, strict=True))


def kind_of(fields: Fields) -> str:
    """F, H or G of a fill, a bust or a correction; empty of anything else."""
    if fields[35] != "8":
        return ""
    if fields[8] != "FIX.4.2":
        return fields[150] if fields[150] in "FGH" else ""
    if fields[20] == "0":
        return "F" if fields[150] in "12" else ""
    return {"1": "H", "2": "G"}[fields[20]]


def count_trades(count: Recount, intact: list[Fields]) -> None:
    """Of the reports of one trade the first one sent counts; others at other prices are conflicts."""
    trades: dict[tuple[str, str], tuple[str, Decimal, Decimal]] = {}
    contents: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    busted: set[tuple[str, str]] = set()
    corrected: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
    for fields in intact:
        kind = kind_of(fields)
        if kind == "F":
            key = fields[49] + fields[56], fields[17]
            trades.setdefault(key, (fields[55], Decimal(fields[32]), Decimal(fields[31])))
            contents[key].add(fields[31])
        elif kind == "H":
            busted.add((fields[49] + fields[56], fields[19]))
        elif kind == "G":
            corrected[fields[49] + fields[56], fields[19]] = (Decimal(fields[32]), Decimal(fields[31]))
    sums: defaultdict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    for key, (symbol, quantity, price) in trades.items():
        if key in busted:
            continue
        quantity, price = corrected.get(key, (quantity, price))
        before = sums[symbol]
        sums[symbol] = [before[0] + 1, before[1] + quantity, before[2] + quantity * price]
    count.fills = {symbol: (int(n), quantity, notional) for symbol, (n, quantity, notional) in sums.items()}
    count.busts = len(busted)
    count.corrections = len(corrected)
    count.conflicts = sum(len(prices) - 1 for prices in contents.values())


def orders_of(intact: list[Fields]) -> list[dict[str, Any]]:
    """The orders, by which messages have an id in common; messages are in the order in which they were sent."""
    said_before: set[tuple[str, ...]] = set()
    orders: dict[tuple[str, str], list[Fields]] = {}
    for fields in intact:
        if fields[35] not in ("D", "F", "G", "8", "9"):
            continue
        pair = "<>".join(sorted((fields[49], fields[56])))
        content = (pair, fields[35], fields[17]) if fields[35] == "8" else (pair, fields[35], fields[11])
        if content in said_before:
            continue
        said_before.add(content)
        ids = {(pair, f"{tag}={fields[tag]}".replace("41=", "11=")) for tag in (11, 41, 37) if tag in fields}
        messages = [fields]
        for known in {id(orders[one]): orders[one] for one in ids if one in orders}.values():
            messages += known
            ids |= {one for one, of in orders.items() if of is known}
        orders |= dict.fromkeys(ids, messages)
    found = {id(messages): messages for messages in orders.values()}
    return [order_of(sorted(messages, key=when)) for messages in found.values()]


def order_of(messages: list[Fields]) -> dict[str, Any]:
    """What is known of one order by its messages."""
    new = [fields for fields in messages if fields[35] == "D"]
    requests = [fields for fields in messages if fields[35] in "FG"]
    reports = [fields for fields in messages if fields[35] in "89"]
    executions = [fields for fields in reports if fields[35] == "8"]
    answers = [fields for fields in reports if fields.get(150) not in ("6", "E")]
    accepted = [fields for fields in answers if fields[35] == "8"]
    kinds = [(kind_of(fields), fields) for fields in executions]
    busts = {fields[19] for kind, fields in kinds if kind == "H"}
    status = reports[-1][39] if reports else ""
    unanswered = [
        {"F": "cancel", "G": "replace"}[fields[35]]
        for fields in requests
        if fields[11] not in {answer[11] for answer in answers}
    ]
    if not reports and new:
        unanswered = ["new"]
    names = [fields[11] for fields in accepted][-1:] + [fields[11] for fields in new]
    names += [fields[41] for fields in messages if 41 in fields]
    terms = (executions[-1:] or new or [{}])[-1]

    def at(first: list[Fields]) -> int:
        return when(first[0])[0] if first else 0

    def last(tag: int) -> str:
        return next((fields[tag] for fields in reversed(executions) if tag in fields), "")

    return {
        "order_id": next((fields[37] for fields in messages if 37 in fields), ""),
        "cl_ord_id": names[0],
        "ord_status": status,
        "cum_qty": last(14),
        "leaves_qty": last(151),
        "avg_px": last(6),
        "order_qty": terms.get(38, ""),
        "price": terms.get(44, ""),
        "fills": len({fields[17] for kind, fields in kinds if kind == "F"} - busts),
        "waiting_for": {"A": "pending_new", "6": "pending_cancel", "E": "pending_replace"}.get(
            status, "" if status in list("48C") else (unanswered or [""])[0]
        ),
        "sent_at": at(new),
        "answered_at": at(executions),
        "first_fill_at": at([fields for kind, fields in kinds if kind == "F"]),
    }
