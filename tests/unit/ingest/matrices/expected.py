"""What the orders of a scenario have to be after each of its messages.

The state is what the broker said last (quantities from the last report that has them), the terms before any report
are those of the NewOrderSingle(D), and what an order waits for stands in the matrix.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from tests.unit.ingest.matrices.messages import orders_of
from tests.unit.ingest.matrices.scenarios import Scenario, Step

_PENDING: Final = {"A": "pending_new", "6": "pending_cancel", "E": "pending_replace"}


@dataclass(frozen=True, slots=True)
class State:
    """What a matrix says of an order. `fills`: those that stand; `messages`: status requests are none of it."""

    cl_ord_id: str | None = None
    ord_status: str | None = None
    order_qty: Decimal | None = None
    cum_qty: Decimal | None = None
    leaves_qty: Decimal | None = None
    waiting_for: str | None = None
    fills: int = 0
    messages: int = 0
    defects: str | None = None


def states(scenario: Scenario) -> list[dict[str, State]]:
    """After each step of a scenario, each of its orders, by its name (`messages.orders_of`)."""
    now: dict[str, State] = {}
    after = []
    for step, root in zip(scenario.steps, orders_of(scenario), strict=True):
        if step.msg_type != "H":
            said = _after(now.get(root, State()), step)
            now[root] = replace(said, waiting_for=step.waits_for, messages=said.messages + 1)
        after.append(dict(now))
    return after


def from_drop_copy(scenario: Scenario) -> dict[str, State]:
    """The same at the end, of one who hears the broker alone: there are no requests that could wait."""
    now: dict[str, State] = {}
    for step, root in zip(scenario.steps, orders_of(scenario), strict=True):
        if step.from_broker:
            said = _after(now.get(root, State()), step)
            waits = _PENDING.get(said.ord_status or "")
            now[root] = replace(said, waiting_for=waits, messages=said.messages + 1)
    return now


def _after(state: State, step: Step) -> State:
    if step.msg_type == "D" and state.ord_status is None:
        return replace(state, cl_ord_id=step.cl_ord_id, order_qty=step.order_qty)
    if step.msg_type in "FG9" and state.cl_ord_id is None:
        # The id is the request's own: the order is the one that it names.
        state = replace(state, cl_ord_id=step.orig_cl_ord_id or step.cl_ord_id)
    # CxlRejReason(102) 1: whoever does not know the order cannot say how it is.
    if step.msg_type == "9" and step.more.get(102) != "1":
        return replace(state, ord_status=step.ord_status)
    if step.msg_type == "8":
        kind = step.exec_type or step.ord_status
        named = step.cl_ord_id is not None and kind not in ("6", "E")
        return replace(
            state,
            cl_ord_id=step.cl_ord_id if named else state.cl_ord_id,
            ord_status=step.ord_status,
            order_qty=state.order_qty if step.order_qty is None else step.order_qty,
            cum_qty=state.cum_qty if step.cum_qty is None else step.cum_qty,
            leaves_qty=state.leaves_qty if step.leaves_qty is None else step.leaves_qty,
            fills=state.fills + _fills(step),
        )
    return state


def _fills(step: Step) -> int:
    kind = step.exec_type or step.ord_status
    if kind == "H" or step.trans == "1":
        return -1
    if kind == "F" or (kind in ("1", "2") and step.trans == "0" and step.last_qty):
        return 1
    return 0
