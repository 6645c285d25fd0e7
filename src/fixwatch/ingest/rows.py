"""The rows of a batch as every fold reads them: what was decoded, and what names and settings make of it.

A fold is a pure function of such rows: no order of rows, no division into batches and no repeat changes what the
folds of all batches come to. `_rows.h` reads the columns without a Python object a value.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from fixwatch.fix.columns import SCHEMA as DECODED

#: What folds know of a row besides its fields.
#:
#: ==============  ====================  =====================================================================
#: folded          bool                  if it takes part: false where it is kept back (the quarantine)
#: session_id      int32                 the direction of its session, null where it could not be read
#: pair_id         int32                 both directions of it
#: order_key       int64                 its order, null where it is of none
#: trading_day     int32                 days since 1970-01-01 of the trading day, as its session's settings say
#: sent            timestamp[us, UTC]    when its sender sent it first; see `moments`
#: kafka_time      timestamp[us, UTC]    when the topic had it
#: stream_id       int32                 where it stands in the topic ...
#: kafka_offset    int64                 ... and at which offset
#: raw             large_binary          the whole message, secrets blanked
#: ==============  ====================  =====================================================================
PLACE: Final = pa.schema(
    [
        ("folded", pa.bool_()),
        ("session_id", pa.int32()),
        ("pair_id", pa.int32()),
        ("order_key", pa.int64()),
        ("trading_day", pa.int32()),
        ("sent", pa.timestamp("us", "UTC")),
        ("kafka_time", pa.timestamp("us", "UTC")),
        ("stream_id", pa.int32()),
        ("kafka_offset", pa.int64()),
        ("raw", pa.large_binary()),
    ]
)

#: All columns of the rows: `PLACE`, then every decoded column (`fix/columns.py`).
ROWS: Final = pa.schema([*PLACE, *DECODED])
