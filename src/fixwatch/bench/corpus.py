"""A corpus of FIX messages as a trading day has them: the same for the same seed.

FIX 4.4: 70% ExecutionReport(8), 20% NewOrderSingle(D), 5% cancels and replaces (F, G), 5% of the session layer;
two layouts of the reports, Parties groups in a third of them, `=` inside a value in every twentieth.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from random import Random

from fixwatch.fix.encoder import encode

Fields = list[tuple[int, str | bytes | int | Decimal]]

_SYMBOLS = ("AAPL", "MSFT", "IBM", "VOD.L", "SAP.DE", "EURUSD", "ESZ6", "BTC-USD")


def corpus(count: int, seed: int = 1) -> list[bytes]:
    """`count` valid messages, about 270 bytes each."""
    return list(_messages(count, Random(seed)))  # noqa: S311  # nothing secret is drawn


def _messages(count: int, pick: Random) -> Iterable[bytes]:
    for number in range(count):
        draw = pick.random()
        if draw < 0.70:
            yield _report(number, pick)
        elif draw < 0.95:
            yield _order(number, pick, "D" if draw < 0.90 else pick.choice("FG"))
        else:
            yield encode([*_header(pick.choice("01"), number, pick), (112, f"T{number}")])


def _header(msg_type: str, number: int, pick: Random) -> Fields:
    return [
        (35, msg_type),
        (49, "BROKER"),
        (56, f"CLIENT{pick.randrange(9)}"),
        (34, number + 1),
        (52, _time(pick)),
    ]


def _time(pick: Random) -> str:
    seconds = pick.randrange(9 * 3600, 17 * 3600)
    return f"20260105-{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{pick.randrange(10**6):06d}"


def _order(number: int, pick: Random, msg_type: str) -> bytes:
    fields: Fields = [(11, f"C{number:09d}"), (1, f"ACC{pick.randrange(500)}"), (55, pick.choice(_SYMBOLS))]
    if msg_type != "D":
        fields = [(41, f"C{number - 1:09d}"), *fields]
    fields += [(54, pick.choice("12")), (38, pick.randrange(1, 100) * 100), (60, _time(pick))]
    if msg_type != "F":
        fields += [(40, "2"), (44, _price(pick)), (59, "0"), (15, "USD"), (21, "1")]
    return encode([*_header(msg_type, number, pick), *fields, *_text(pick)])


def _report(number: int, pick: Random) -> bytes:
    quantity = pick.randrange(2, 100) * 100
    done = pick.randrange(1, quantity)
    ids: Fields = [(37, f"O{number:010d}"), (11, f"C{number:09d}"), (17, f"E{number:012d}")]
    state: Fields = [(150, "F"), (39, "1"), (1, f"ACC{pick.randrange(500)}"), (55, pick.choice(_SYMBOLS))]
    if pick.random() < 0.3:
        ids.reverse()
    if pick.random() < 0.33:
        state += [(453, 2), (448, "DESK7"), (447, "D"), (452, 24), (448, "CLR1"), (447, "D"), (452, 4)]
    terms: Fields = [
        (54, pick.choice("12")),
        (38, quantity),
        (40, "2"),
        (44, _price(pick)),
        (59, "0"),
        (15, "USD"),
    ]
    fill: Fields = [
        (32, pick.randrange(1, 1 + done)),
        (31, _price(pick)),
        (30, "XNAS"),
        (151, quantity - done),
    ]
    fill += [
        (14, done),
        (6, _price(pick)),
        (60, _time(pick)),
        (64, "20260107"),
        (75, "20260105"),
        (207, "XNAS"),
    ]
    return encode([*_header("8", number, pick), *ids, *state, *terms, *fill, *_text(pick)])


def _price(pick: Random) -> str:
    return f"{pick.randrange(1, 500)}.{pick.randrange(10_000):04d}"


def _text(pick: Random) -> Fields:
    return [(58, f"algo=VWAP;id={pick.randrange(10**6)}")] if pick.random() < 0.05 else []
