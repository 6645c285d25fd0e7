"""Messages that say something of trades, and rows of them as the folds read them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import pyarrow as pa

from fixwatch.fix.decoder import DecodeOptions
from fixwatch.fix.encoder import encode
from fixwatch.ingest._trading_days import TradingDays
from fixwatch.ingest.batch import Batch, decode_batch
from fixwatch.ingest.rows import rows_of

DAY = "20260102"
_SENDING_TIME = re.compile(rb"\x0152=([^\x01]*)")

Field = tuple[int, object]


def message(msg_type: str, seq: int, *fields: Field, sender: str = "BROKER", **more: object) -> bytes:
    """One message to BUY; `fields` in their order, then further ones as `_11="A"`.

    Besides: `version="FIX.4.2"`, and `at="20260102-09:30:00"` for SendingTime(52), else `seq` seconds and ms
    past 9:30.
    """
    version = str(more.pop("version", "FIX.4.4"))
    at = str(more.pop("at", f"{DAY}-09:30:{seq % 60:02d}.{seq % 1000:03d}"))
    body = [*fields, *((int(tag.removeprefix("_")), value) for tag, value in more.items())]
    header: list[Field] = [(35, msg_type), (34, seq), (49, sender), (52, at), (56, "BUY")]
    return encode([(tag, str(value)) for tag, value in [*header, *body]], begin_string=version)


def report(seq: int, **more: object) -> bytes:
    """An ExecutionReport(8); a field that is None is left out."""
    fields = {"_37": "O1", "_11": "C1", "_55": "IBM", "_54": "1", "_60": f"{DAY}-09:30:00"} | more
    return message("8", seq, **{tag: value for tag, value in fields.items() if value is not None})  # type: ignore[arg-type]


def fill(seq: int, exec_id: str, qty: object = 100, px: object = "10.25", **more: object) -> bytes:
    """A fill in the style of FIX 4.4."""
    return report(seq, **{"_17": exec_id, "_150": "F", "_39": "1", "_32": qty, "_31": px} | more)


def bust(seq: int, exec_id: str, of: str, **more: object) -> bytes:
    """A bust in the style of FIX 4.4."""
    return report(seq, **{"_17": exec_id, "_19": of, "_150": "H", "_39": "0"} | more)


def correction(
    seq: int, exec_id: str, of: str, qty: object = 90, px: object = "10.5", **more: object
) -> bytes:
    """A correction in the style of FIX 4.4."""
    fields = {"_17": exec_id, "_19": of, "_150": "G", "_39": "1", "_32": qty, "_31": px}
    return report(seq, **fields | more)


def capture(
    seq: int, report_id: str, *fields: Field, sides: Sequence[Sequence[Field]] = ((),), **more: object
) -> bytes:
    """A TradeCaptureReport(AE) of 100 IBM at 10.25, of a fill unless `fields` say something else.

    A field of `fields` comes instead of the one of the same tag. Sides are 1, 2 ..., their orders O1, O2 ...
    """
    root = dict(
        [(570, "N"), (55, "IBM"), (32, 100), (31, "10.25"), (75, DAY), (60, f"{DAY}-09:30:00"), *fields]
    )
    body: list[Field] = [(571, report_id), *root.items(), (552, len(sides))]
    for number, side in enumerate(sides, 1):
        body += [(54, number), (37, f"O{number}"), *side]
    return message("AE", seq, *body, **more)  # type: ignore[arg-type]


def trade_rows(messages: Sequence[bytes], offsets: Sequence[int] | None = None) -> pa.RecordBatch:
    """Rows of messages, which have these offsets, or those from 0 on; Kafka had them when they were sent.

    BANK -> BUY is session 1, BROKER -> BUY 2.
    """
    numbers = list(range(len(messages)) if offsets is None else offsets)
    batch = Batch(list(messages), [0] * len(numbers), numbers, list(map(_kafka_time, messages)))
    ids = {
        (sender, "", "", "BUY", "", ""): (number, number)
        for number, sender in enumerate(("BANK", "BROKER"), 1)
    }
    return rows_of(batch, decode_batch(batch, DecodeOptions(), strict=False), {0: 1}, ids, TradingDays())


def _kafka_time(value: bytes) -> int:
    sent = _SENDING_TIME.search(value)
    if sent is None:
        return 0
    at = datetime.strptime(sent[1].decode()[:17], "%Y%m%d-%H:%M:%S").replace(tzinfo=UTC)
    return int(at.timestamp() * 1000)
