from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from fixwatch.dashboard import lives
from fixwatch.dashboard.lives import Kind

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Said:
    msg_type: str | None
    sending_time: datetime | None = NOON
    kafka_time: datetime = NOON
    msg_seq_num: int | None = 1
    poss_dup: bool | None = None
    exec_type: str | None = None
    ord_status: str | None = None
    order_qty: Decimal | None = None
    price: Decimal | None = None
    last_qty: Decimal | None = None
    last_px: Decimal | None = None
    cum_qty: Decimal | None = None
    label: str = "BUY → BROKER"


def _at(milliseconds: int) -> datetime:
    return NOON + timedelta(milliseconds=milliseconds)


def test_a_life_is_in_the_order_of_sending_whatever_came_first() -> None:
    events = lives.life(
        [
            Said(
                "8",
                _at(30),
                exec_type="F",
                ord_status="2",
                last_qty=Decimal(100),
                last_px=Decimal("10.50"),
                cum_qty=Decimal(100),
            ),
            Said("8", _at(10), exec_type="0", ord_status="0", cum_qty=Decimal(0)),
            Said("D", _at(0), order_qty=Decimal(100), price=Decimal("10.5")),
        ]
    )
    assert [event.words for event in events] == ["New order 100 @ 10.5", "New", "Fill 100 @ 10.5"]
    assert [event.kind for event in events] == [Kind.REQUEST, Kind.ANSWER, Kind.FILL]
    assert [event.state for event in events] == [None, "New", "Filled"]
    assert [event.cum_qty for event in events] == [None, Decimal(0), Decimal(100)]
    assert [event.since_previous for event in events] == [
        None,
        timedelta(milliseconds=10),
        timedelta(milliseconds=20),
    ]
    assert [event.place for event in events] == [2, 1, 0]


def test_a_repeat_changes_no_state() -> None:
    new = Said("8", _at(0), exec_type="0", ord_status="0")
    filled = Said("8", _at(1), exec_type="2", ord_status="2", last_qty=Decimal(5), cum_qty=Decimal(5))
    repeat = Said("8", _at(2), poss_dup=True, exec_type="0", ord_status="0", cum_qty=Decimal(0))
    last = lives.life([new, filled, repeat])[-1]
    assert (last.kind, last.state, last.cum_qty, last.words) == (
        Kind.REPEAT,
        "Filled",
        Decimal(5),
        "New (repeat)",
    )


def test_busts_rejects_and_corrections_are_named() -> None:
    said = [
        Said("8", _at(0), exec_type="8", ord_status="8"),
        Said("9", _at(1)),
        Said("8", _at(2), exec_type="H", last_qty=Decimal(1)),
        Said("8", _at(3), exec_type="G", ord_status="1", last_qty=Decimal(2), last_px=Decimal(3)),
        Said("F", _at(4)),
        Said(None, None),
    ]
    events = {event.place: event for event in lives.life(said)}
    assert [events[place].words for place in range(5)] == [
        "Rejected",
        "Cancel or replace refused",
        "Bust 1",
        "Correction 2 @ 3",
        "Cancel",
    ]
    assert [events[place].kind for place in range(3)] == [Kind.REFUSAL] * 3


def test_no_messages_are_no_life() -> None:
    assert lives.life([]) == []
