"""Lives of orders that nobody wrote down: a client and a broker who do what they like and say it as FIX has it.

Hypothesis draws what is done, one number after the other; what cannot be done at that point is left out. The result
is a scenario as those of the matrices, so that what is proved of these is proved of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from typing import Final

from hypothesis import strategies as st

from tests.unit.ingest.matrices.scenarios import Scenario, Step

_VERSIONS: Final = ("FIX.4.0", "FIX.4.1", "FIX.4.2", "FIX.4.3", "FIX.4.4", "FIX.5.0SP2")
_WAITS: Final = {"A": "pending_new", "6": "pending_cancel", "E": "pending_replace"}
_ENDS: Final = {"4", "8", "C"}


@dataclass(slots=True)
class Request:
    """A request of the client that has no answer yet. `pending`: the broker said that it is."""

    kind: str
    cl_ord_id: str
    order_qty: Decimal
    pending: bool = False


@dataclass(slots=True)
class Fill:
    """A fill as it is by now; `names` are the ExecIDs that it had."""

    names: list[str]
    qty: Decimal
    px: Decimal


@dataclass(slots=True)
class Life:
    """An order while it lives, and all that was said of it."""

    version: str
    lots: int
    digits: int
    rounding: str
    cl_ord_id: str = "A0"
    day: int = 1
    state: str | None = None
    requests: list[Request] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    ids: int = 0
    lot: Decimal = field(init=False)
    order_qty: Decimal = field(init=False)

    def __post_init__(self) -> None:
        # Quantities of FIX 4.0 and 4.1 are whole.
        self.lot = Decimal(1) if self.version in ("FIX.4.0", "FIX.4.1") else Decimal("0.25")
        self.order_qty = self.lots * self.lot
        self._say("D", self.cl_ord_id, None, order_qty=self.order_qty)

    @property
    def cum_qty(self) -> Decimal:
        """What is filled by now."""
        return sum((fill.qty for fill in self.fills), Decimal(0))

    @property
    def status(self) -> str:
        """OrdStatus(39) by its precedence."""
        pending = {request.kind for request in self.requests if request.pending}
        if self.state in _ENDS:
            return self.state
        if "F" in pending:
            return "6"
        if "G" in pending:
            return "6" if self.version in ("FIX.4.0", "FIX.4.1") else "E"
        if self.state == "3":
            return "3"
        if self.cum_qty >= self.order_qty:
            return "2"
        if self.state in ("9", "7"):
            return self.state
        return "1" if self.fills else self.state or "A"

    @property
    def is_open(self) -> bool:
        """If the broker has it and it has not ended."""
        return self.state is not None and self.state not in _ENDS

    @property
    def waits_for(self) -> str | None:
        """See `ingest/_order_life.h`."""
        if self.state in _ENDS:
            return None
        if self.state is None:
            return "new"
        kinds = [request.kind for request in self.requests]
        return _WAITS.get(self.status) or {"F": "cancel", "G": "replace"}.get(kinds[0] if kinds else "")

    def do(self, action: int, much: int) -> None:
        """Do what a number says, as much as another says, where it can be done."""
        actions = (
            *(self.acknowledge, self.fill, self.fill, self.request, self.request, self.answer, self.answer),
            *(self.reject_request, self.change, self.change, self.rest, self.restate, self.end, self.ask),
        )
        if len(self.steps) < 40:
            actions[action % len(actions)](much)

    def acknowledge(self, much: int) -> None:
        """PendingNew, New, or Rejected."""
        if self.state in (None, "A"):
            kind = ("A", "0", "0", "0", "8")[much % 5]
            if kind != self.state:
                self.state = kind
                self._execution(kind)

    def fill(self, much: int) -> None:
        """A fill of a part or of all that is open."""
        open_qty = self.order_qty - self.cum_qty
        if open_qty <= 0 or self.state in _ENDS:
            return
        if self.state in (None, "A", "3"):
            self.state = "0"
        qty = open_qty if much % 3 == 0 else min(open_qty, (much % 97 + 1) * self.lot)
        fill = Fill([self._new_id("E")], qty, Decimal(much % 1013 - 200) / 8)
        self.fills.append(fill)
        self._execution("F", fill=fill)

    def request(self, much: int) -> None:
        """The client asks for a cancel or a replacement, of what was accepted last or of what it asked for last."""
        if len(self.requests) > 3:
            return
        kind = "FG"[much % 2]
        qty = self.order_qty if kind == "F" else self.cum_qty + Decimal(much % 50 + 1)
        of = self.requests[-1].cl_ord_id if self.requests and much % 3 == 0 else self.cl_ord_id
        self.requests.append(Request(kind, self._new_id("A"), qty))
        self._say(kind, self.requests[-1].cl_ord_id, of, order_qty=qty)

    def answer(self, much: int) -> None:
        """The broker says of the first request that it is pending, or does what it asks for."""
        if not self.requests or not self.is_open or self.state == "A":
            return
        request = self.requests[0]
        if much % 3 == 0 and not request.pending:
            request.pending = True
            self._execution("6" if self.status == "6" else "E", of=request)
            return
        if request.kind == "G" and request.order_qty < self.cum_qty:
            return
        del self.requests[0]
        former, self.cl_ord_id = self.cl_ord_id, request.cl_ord_id
        if request.kind == "F":
            self.state = "4"
            self._execution("4", former=former)
        else:
            self.state = "0" if self.state in ("3", "9") else self.state
            self.order_qty = request.order_qty
            self._execution("5", former=former)

    def reject_request(self, much: int) -> None:
        """The broker does not do what the first request asks for."""
        # FIX 4.0 does not say how the order is then: where another one is pending, nobody knows.
        unsaid = self.version == "FIX.4.0" and any(request.pending for request in self.requests[1:])
        if self.requests and self.state not in (None, "A") and not unsaid:
            request = self.requests.pop(0)
            more = {102: str(2 + much % 2)} if self.version not in ("FIX.4.0", "FIX.4.1") else {}
            self._say("9", request.cl_ord_id, self.cl_ord_id, ord_status=self.status, more=more)

    def change(self, much: int) -> None:
        """A fill is busted, or corrected to another quantity or price."""
        if not self.fills or self.state is None:
            return
        fill = self.fills[much % len(self.fills)]
        ref = fill.names[much % len(fill.names)]
        if much % 2:
            self.fills.remove(fill)
            self._execution("H", ref=ref)
            return
        fill.qty = min(fill.qty + (much % 5 - 2), self.order_qty - self.cum_qty + fill.qty)
        fill.qty = max(fill.qty, self.lot)
        fill.px += Decimal(much % 7 - 3) / 4
        fill.names.append(self._new_id("E"))
        self._execution("G", ref=ref, fill=fill)

    def rest(self, much: int) -> None:
        """Done for the day, or the next day begins."""
        if self.is_open and self.state not in ("A", "3") and not self.requests and much % 2:
            self.state = "3"
            self._execution("3")
        elif self.state is not None:
            self.day += much % 3

    def restate(self, much: int) -> None:
        """The broker says anew how the order is, suspends it, or reinstates it."""
        if self.state in (None, "A", "8") or self.version in ("FIX.4.0", "FIX.4.1"):
            return
        kind = "D9"[much % 2] if self.is_open else "D"
        if self.status in ("6", "E", "2"):
            return
        self.state = "9" if kind == "9" else "0"
        self._execution(kind, more={378: "4"} if kind == "D" else {})

    def end(self, much: int) -> None:
        """The broker ends the order by itself."""
        if self.is_open and self.state != "A" and self.cum_qty < self.order_qty and not self.requests:
            self.state = "4C"[much % 2]
            self._execution(self.state)

    def ask(self, much: int) -> None:
        """The client asks how the order is, and is told."""
        if self.state is not None and self.version != "FIX.4.0":
            self._say("H", self.cl_ord_id, None)
            self._execution("I")

    def _new_id(self, prefix: str) -> str:
        self.ids += 1
        return f"{self.ids}" if prefix == "E" and self.version == "FIX.4.0" else f"{prefix}{self.ids}"

    def _execution(
        self,
        kind: str,
        *,
        fill: Fill | None = None,
        ref: str | None = None,
        of: Request | None = None,
        former: str | None = None,
        more: dict[int, str] | None = None,
    ) -> None:
        early = self.version in ("FIX.4.0", "FIX.4.1", "FIX.4.2")
        status = self.status
        trans = {"H": "1", "G": "2", "I": "3"}.get(kind, "0") if early else None
        if early and kind in "FGH":
            kind = "2" if self.cum_qty >= self.order_qty else "1"
        if early and kind == "I":
            kind = status
        if self.version == "FIX.4.0" and fill is not None:
            # Nothing but OrdStatus(39) says that it is a fill.
            status = "2" if self.cum_qty >= self.order_qty else "1"
        left = Decimal(0) if status in "23" or self.state in _ENDS else self.order_qty - self.cum_qty
        tags = {6: format(self._avg_px(), "f"), 17: fill.names[-1] if fill else self._new_id("E")}
        tags |= {19: ref} if ref else {}
        tags |= {31: format(fill.px, "f")} if fill else {}
        # A status has none, but FIX 4.0 and 4.1 want one.
        is_status = self.lot < 1 and (trans == "3" or kind == "I")
        no_qty = None if is_status else Decimal(0)
        self._say(
            "8",
            of.cl_ord_id if of else self.cl_ord_id,
            self.cl_ord_id if of else former,
            exec_type=None if self.version == "FIX.4.0" else kind,
            ord_status=status,
            trans=trans,
            order_qty=self.order_qty,
            cum_qty=self.cum_qty,
            leaves_qty=None if self.version == "FIX.4.0" else left,
            last_qty=fill.qty if fill else no_qty,
            more=tags | (more or {}),
        )

    def _avg_px(self) -> Decimal:
        value = sum((fill.qty * fill.px for fill in self.fills), Decimal(0))
        unit = Decimal(1).scaleb(-self.digits)
        return (value / self.cum_qty).quantize(unit, self.rounding) if self.fills else Decimal(0)

    def _say(self, msg_type: str, cl_ord_id: str, orig: str | None, **said: object) -> None:
        values: dict[str, object] = dict.fromkeys(
            ("exec_type", "ord_status", "trans", "order_qty", "cum_qty", "leaves_qty", "last_qty")
        )
        values |= {"more": {}} | said
        time = f"{self.day}/{len(self.steps)}"
        waits = self.waits_for
        self.steps.append(Step(time, self.day, msg_type, cl_ord_id, orig, waits_for=waits, **values))  # type: ignore[arg-type]


@st.composite
def lives(draw: st.DrawFn) -> Scenario:
    """Any life of an order, in any version."""
    life = Life(
        draw(st.sampled_from(_VERSIONS)),
        draw(st.integers(1, 400)),
        draw(st.integers(2, 8)),
        draw(st.sampled_from([ROUND_HALF_EVEN, ROUND_DOWN])),
    )
    for action, much in draw(st.lists(st.tuples(st.integers(0, 13), st.integers(0, 2000)), max_size=25)):
        life.do(action, much)
    return Scenario("any", "any life", life.version, tuple(life.steps))
