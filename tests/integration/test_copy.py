"""What goes through binary COPY comes out of a real Postgres as it went in."""

from __future__ import annotations

from decimal import Decimal

import psycopg
import pyarrow as pa

from fixwatch.fix.columns import DECIMAL_PRECISION, DECIMAL_SCALE
from fixwatch.fix.decoder import decode
from fixwatch.fix.encoder import encode as message
from fixwatch.store.copy import encode, send

#: Digits with zeros between them, in every place: what an encoder that works in groups of four gets wrong.
DIGITS = "1000000010000200003000040000500006000070000800009"


def decimals() -> list[Decimal]:
    """Every scale, with few and with as many digits in front as fit, both signs."""
    numbers = [Decimal(0)]
    for scale in range(DECIMAL_SCALE + 1):
        fraction = "." + "0" * (scale - 1) + "1" if scale else ""
        whole = DIGITS[: DECIMAL_PRECISION - DECIMAL_SCALE]
        for front in ("0", "1", "9999", "10000", whole):
            numbers += [Decimal(front + fraction), -Decimal(front + fraction)]
        if scale:
            numbers.append(Decimal("1." + DIGITS[:scale]))
    return numbers


def test_decimals_of_every_scale_come_back_as_they_were(empty_database_url: str) -> None:
    # pgpq#79: 1.00000001 was stored as 1.0001.
    numbers = [Decimal("1.00000001"), Decimal("1.233"), *decimals()]
    header = [(35, "8"), (34, 2), (49, "A"), (52, "20260102-09:30:00"), (56, "B")]
    sent = [message([*header, (31, number)]) for number in numbers]
    column = decode(sent).columns.column("last_px")
    assert column.to_pylist() == numbers
    rows = pa.RecordBatch.from_arrays([pa.array(range(len(numbers)), pa.int64()), column], ["place", "price"])
    with psycopg.connect(empty_database_url, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE prices (place bigint, price numeric)")
        send(cursor, encode("prices", rows))
        stored = cursor.execute("SELECT price FROM prices ORDER BY place").fetchall()
    assert [price for (price,) in stored] == numbers
