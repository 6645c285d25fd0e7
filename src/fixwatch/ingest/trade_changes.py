"""What busts and corrections come to. Pure: a function of the trades and changes that there are, in whatever order
they came.

A change names, by ExecRefID(19), the ExecID(17) of a fill, or of another change, and with it that one's fill. An id
may come again on another day: it is taken to be the latest that is not later than the change, or, where the change
says a TradeDate(75), that of the fill of this date. A busted trade stays busted. Of several corrections the one that
was sent last counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from fixwatch.ingest.trade_reports import ALL_SIDES
from fixwatch.store.trade_tables import Related

#: An id within its session and kind of message.
_Id = tuple[int, bool, str]
#: A fill with all its sides.
_Fill = tuple[_Id, date]

_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the changes of one trade come to; None where there are none of a kind."""

    session_id: int
    exec_id: str
    side_no: int
    trading_day: date
    bust_exec_id: str | None
    correct_exec_id: str | None
    corrected_at: datetime | None
    corrected_qty: Decimal | None
    corrected_px: Decimal | None
    #: When the first of them was stored.
    changed_at: datetime | None


def settle(related: Iterable[Related]) -> list[Outcome]:
    """What becomes of each trade among `related`: all trades and changes that have to do with some ids, each once."""
    fills: defaultdict[_Id, list[Related]] = defaultdict(list)
    changes: defaultdict[_Id, list[Related]] = defaultdict(list)
    for one in related:
        (fills if one.ref_id is None else changes)[_id(one, one.exec_id)].append(one)
    family = _Family(fills, changes)
    of_fill: defaultdict[_Fill, list[Related]] = defaultdict(list)
    for named in changes.values():
        for change in named:
            fill = family.fill(change)
            if fill is not None:
                of_fill[fill].append(change)
    return [
        _outcome(one, of_fill[_id(one, one.exec_id), one.trading_day])
        for ones in fills.values()
        for one in ones
    ]


def _id(one: Related, id_: str) -> _Id:
    return one.session_id, one.is_capture, id_


def _later(change: Related) -> tuple[datetime, int, str, str, int]:
    """No two changes of one day and side have the same: these are their key."""
    return (
        change.sent or _NEVER,
        change.msg_seq_num or 0,
        change.exec_id,
        change.ref_id or "",
        change.content or 0,
    )


class _Family:
    """Whose change a change is."""

    def __init__(self, fills: dict[_Id, list[Related]], changes: dict[_Id, list[Related]]) -> None:
        self._fills = fills
        self._changes = changes
        self._known: dict[Related, _Fill | None] = {}

    def fill(self, change: Related) -> _Fill | None:
        """The fill that a change is of in the end; None: it has not come, or changes name each other in a circle."""
        way: list[Related] = []
        seen: set[Related] = set()
        found: _Fill | None = None
        at: Related | None = change
        while at is not None and at not in seen:
            if at in self._known:
                found = self._known[at]
                break
            way.append(at)
            seen.add(at)
            found, at = self._named(at)
        self._known.update(dict.fromkeys(way, found))
        return found

    def _named(self, change: Related) -> tuple[_Fill | None, Related | None]:
        """What a change names: a fill, or another change."""
        id_ = _id(change, change.ref_id or "")
        fills = [one for one in self._fills.get(id_, ()) if one.trading_day <= change.trading_day]
        if change.trade_date is not None:
            of_date = [one for one in fills if change.trade_date in (one.trade_date, one.trading_day)]
            if of_date:
                return (id_, max(one.trading_day for one in of_date)), None
        others = [
            one
            for one in self._changes.get(id_, ())
            if one.trading_day <= change.trading_day and one is not change
        ]
        day = max((one.trading_day for one in fills), default=None)
        other = max(others, key=lambda one: (one.trading_day, _later(one), one.side_no), default=None)
        if day is None or (other is not None and other.trading_day > day):
            return None, other
        return (id_, day), None


def _outcome(fill: Related, changes: list[Related]) -> Outcome:
    of_side = [change for change in changes if change.side_no in (fill.side_no, ALL_SIDES)]
    bust = min((change for change in of_side if change.is_bust), key=_later, default=None)
    last = max((change for change in of_side if not change.is_bust), key=_later, default=None)
    key = fill.session_id, fill.exec_id, fill.side_no, fill.trading_day
    busted_by = None if bust is None else bust.exec_id
    stored = min((change.ingested_at for change in of_side if change.ingested_at), default=None)
    if last is None:
        return Outcome(*key, busted_by, None, None, None, None, stored)
    return Outcome(*key, busted_by, last.exec_id, last.sent, last.last_qty, last.last_px, stored)
