"""The messages of a scenario: what both sides send, and what a session sends again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from fixwatch.fix.encoder import encode
from tests.unit.ingest.matrices.scenarios import Scenario, Step

#: The first day of every scenario, a Monday; each message is a second after the one before.
OPENED: Final = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
_TRANSIT: Final = timedelta(milliseconds=5)
_PX: Final = Decimal(50)

Fields = list[tuple[int, str | int | bytes | Decimal]]


@dataclass(frozen=True, slots=True)
class Sent:
    """A message as a session sends it. `at`: its place in the scenario; `again`: if it is a repeat."""

    at: int
    version: str
    msg_type: str
    sender: str
    target: str
    seq: int
    sent: datetime
    body: tuple[tuple[int, str | int | bytes | Decimal], ...]
    header: tuple[tuple[int, str], ...] = ()
    again: bool = False

    @property
    def raw(self) -> bytes:
        """Its bytes."""
        sp2 = self.version == "FIX.5.0SP2"
        head: Fields = [(35, self.msg_type), (34, self.seq), (49, self.sender), (56, self.target)]
        head += [(52, fix_time(self.sent)), *self.header, *([(1128, "9")] if sp2 else [])]
        return encode([*head, *self.body], "FIXT.1.1" if sp2 else self.version)

    @property
    def kafka_time(self) -> datetime:
        """When the topic has it."""
        return self.sent + _TRANSIT

    @property
    def from_broker(self) -> bool:
        """If the broker sends it."""
        return self.sender == "BROKER"


def fix_time(time: datetime) -> str:
    """A UTCTimestamp with milliseconds."""
    return f"{time:%Y%m%d-%H:%M:%S}.{time.microsecond // 1000:03d}"


def build(scenario: Scenario) -> list[Sent]:
    """The messages of a scenario in its order; every order in it has an OrderID(37) of its own."""
    roots = orders_of(scenario)
    seqs = {"CLIENT": 0, "BROKER": 0}
    book = Fills()
    sent = []
    for at, step in enumerate(scenario.steps):
        sender, target = ("BROKER", "CLIENT") if step.from_broker else ("CLIENT", "BROKER")
        seqs[sender] += 1
        time = OPENED + timedelta(days=step.day - 1, seconds=at)
        body = dict(_body(step, scenario.version, f"O-{roots[at]}", at, time, book))
        own = {tag: value for tag, value in step.more.items() if tag != 97}
        header = tuple((tag, value) for tag, value in step.more.items() if tag == 97)
        fields = tuple((body | own).items())
        sent.append(
            Sent(at, scenario.version, step.msg_type, sender, target, seqs[sender], time, fields, header)
        )
    return sent


def poss_dup(message: Sent, after: timedelta) -> Sent:
    """The message sent again because of a ResendRequest(2)."""
    header = ((43, "Y"), *message.header, (122, fix_time(message.sent)))
    return replace(message, sent=message.sent + after, header=header, again=True)


def poss_resend(message: Sent, seq: int, after: timedelta) -> Sent:
    """The message sent again as a new one that says that it may be old."""
    header = tuple(field for field in message.header if field[0] != 97)
    return replace(message, seq=seq, sent=message.sent + after, header=((97, "Y"), *header), again=True)


def orders_of(scenario: Scenario) -> list[str]:
    """Of each step the order that it is of, named by the first id that it had."""
    root: dict[str | None, str] = {}
    for step in scenario.steps:
        known = root.get(step.orig_cl_ord_id) or root.get(step.cl_ord_id) or step.cl_ord_id or "phoned"
        root[step.cl_ord_id] = known
        if step.orig_cl_ord_id:
            root[step.orig_cl_ord_id] = known
    return [root[step.cl_ord_id] for step in scenario.steps]


class Fills:
    """The fills that stand, for AvgPx(6): by ExecID(17) their quantity and price."""

    def __init__(self) -> None:
        self.fills: dict[str, tuple[Decimal, Decimal]] = {}

    def live(self, step: Step, exec_id: str, px: Decimal) -> None:
        """Take in what an execution says."""
        ref = step.more.get(19)
        kind = step.exec_type or step.ord_status
        if step.trans == "1" or kind == "H":
            self.fills.pop(ref or "", None)
        elif step.trans == "2" or kind == "G":
            self.fills.pop(ref or "", None)
            self.fills[exec_id] = (step.last_qty or Decimal(0), px)
        elif step.last_qty and (kind == "F" or (kind in ("1", "2") and step.trans == "0")):
            self.fills[exec_id] = (step.last_qty, px)

    @property
    def avg_px(self) -> Decimal:
        """Their average price, rounded to four digits as senders do; 0 where there are none."""
        qty = sum((qty for qty, _ in self.fills.values()), Decimal(0))
        value = sum((qty * px for qty, px in self.fills.values()), Decimal(0))
        return (value / qty).quantize(Decimal("0.0001")).normalize() if qty else Decimal(0)


def _body(step: Step, version: str, order_id: str, at: int, time: datetime, book: Fills) -> Fields:
    ids: Fields = [(11, step.cl_ord_id)] if step.cl_ord_id else []
    # FIX 4.0 has no OrigClOrdID(41) in its reports, and 4.1 no TransactTime(60) in anything else.
    has_orig = step.orig_cl_ord_id and not (version == "FIX.4.0" and step.from_broker)
    ids += [(41, step.orig_cl_ord_id or "")] if has_orig else []
    terms: Fields = [(55, "IBM"), (54, "1")]
    qty: Fields = [(38, step.order_qty)] if step.order_qty is not None else []
    early = version in ("FIX.4.0", "FIX.4.1")
    when: Fields = [] if early and step.msg_type != "8" else [(60, fix_time(time))]
    if step.msg_type in "DG":
        return [*ids, (21, "1"), *terms, *when, *qty, (40, "2"), (44, _PX)]
    if step.msg_type == "F":
        cancels: Fields = [(125, "F")] if version == "FIX.4.0" else []
        return [*ids, *terms, *when, *qty, *cancels]
    if step.msg_type == "H":
        return [*ids, *terms]
    if step.msg_type == "9":
        to: Fields = [(434, "1")] if version not in ("FIX.4.0", "FIX.4.1") else []
        status: Fields = [(39, step.ord_status or "")] if version != "FIX.4.0" else []
        return [(37, order_id), *ids, *status, *to, *when]
    exec_id = step.more.get(17, f"{100 + at}" if version == "FIX.4.0" else f"E{at}")
    px = Decimal(step.more.get(31, _PX))
    book.live(step, exec_id, px)
    kinds: Fields = [(20, step.trans)] if step.trans else []
    kinds += [(150, step.exec_type)] if step.exec_type else []
    last: Fields = [] if step.last_qty is None else [(32, step.last_qty), (31, px if step.last_qty else 0)]
    leaves: Fields = [] if step.leaves_qty is None else [(151, step.leaves_qty)]
    return [
        *[(37, order_id), *ids, (17, exec_id), *kinds, (39, step.ord_status or "")],
        *[*terms, *qty, (40, "2"), (44, _PX), *last, *leaves],
        *[(14, step.cum_qty or 0), (6, book.avg_px), *when],
    ]
