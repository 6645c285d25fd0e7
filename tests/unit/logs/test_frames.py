from __future__ import annotations

import gzip
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from fixwatch import DecodeOptions, read_log, scan_log
from fixwatch.errors import LogError, SettingsError
from fixwatch.fix.columns import SCHEMA
from fixwatch.fix.encoder import encode

HEADER = [(34, 2), (49, "A"), (52, "20260102-09:30:00.123456"), (56, "B")]
ORDER = encode(
    [
        (35, "D"),
        *HEADER,
        (43, "Y"),
        (11, "id"),
        (38, "0.000000000000000001"),
        (40, "2"),
        (44, "99999999999999999999.5"),
        (54, "1"),
        (55, "ü"),
        (60, "20260102-09:30:00"),
        (64, "20260105"),
    ]
)
BAD = encode([(35, "0"), *HEADER, (5001, "x"), (98, "77")])
LOGON = encode([(35, "A"), *HEADER, (98, 0), (108, 30), (554, "hunter2")])


def zstd(data: bytes) -> bytes:
    return pa.compress(data, "zstd", asbytes=True)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "fix.log"
    path.write_bytes(
        b"09:30 in: "
        + ORDER.replace(b"\x01", b"|")
        + b"\r\nwords\n"
        + BAD
        + b"\n"
        + BAD[:-5].replace(b"\x01", b"^A")
        + b"\n"
    )
    return path


def test_a_row_a_message_typed_with_its_place_and_what_is_wrong(log: Path) -> None:
    frame = read_log(log)
    assert frame.columns == ["line", "offset", "verdict", "defects", *SCHEMA.names]
    assert frame["line"].to_list() == [1, 3, 4]
    assert frame["offset"][0] == len(b"09:30 in: ")
    assert frame["verdict"].to_list() == ["valid", "rejected", "garbled"]
    assert frame["defects"].to_list()[1] == ["value_out_of_range:98", "tag_not_defined_for_message:98"]
    assert "checksum_missing:10" in frame["defects"].to_list()[2]
    row = frame.row(0, named=True)
    assert row["order_qty"] == Decimal("0.000000000000000001")
    assert row["price"] == Decimal("99999999999999999999.5")
    assert row["sending_time"] == datetime(2026, 1, 2, 9, 30, 0, 123456, tzinfo=UTC)
    assert (row["settl_date"], row["poss_dup"], row["symbol"]) == (date(2026, 1, 5), True, "ü")
    assert frame.schema["price"] == pl.Decimal(38, 18)
    assert frame.schema["sending_time"] == pl.Datetime("us", "UTC")


def test_columns_that_are_named_come_in_that_order(log: Path) -> None:
    frame = read_log(log, columns=["raw", "price", "prefix"])
    assert frame.columns == ["raw", "price", "prefix"]
    assert frame["raw"][0] == ORDER
    assert frame["prefix"].to_list() == ["09:30 in: ", "", ""]
    with pytest.raises(SettingsError, match=r"no column 'prize'; there are line, "):
        read_log(log, columns=["prize"])


def test_a_prefix_of_any_bytes_is_shown(log: Path) -> None:
    log.write_bytes(b"\xff: " + ORDER + b"\n" + "é: ".encode() + ORDER)
    assert read_log(log, columns=["prefix"])["prefix"].to_list() == ["ÿ: ", "é: "]


def test_options_and_strays_reach_the_decoder(log: Path) -> None:
    frame = read_log(log, DecodeOptions(profile="strict"), strays="keep", columns=["verdict", "defects"])
    assert frame["defects"].to_list()[1] == ["not_fix"]
    assert "invalid_tag_number:5001" in frame["defects"].to_list()[2]


def test_secrets_are_blanked_in_raw(log: Path) -> None:
    log.write_bytes(b"\n".join([ORDER, LOGON, BAD, LOGON]))
    raw = read_log(log, columns=["raw"])["raw"].to_list()
    assert (raw[0], raw[2]) == (ORDER, BAD)
    assert b"554=*******\x01" in raw[1]
    assert raw[3] == raw[1]


def test_frames_of_a_scan_are_the_rows_of_the_whole(log: Path) -> None:
    log.write_bytes((ORDER + b"\n" + BAD + b"\n") * 100)
    frames = list(scan_log(log, block_bytes=1000))
    assert len(frames) > 10
    assert pl.concat(frames).equals(read_log(log))


@pytest.mark.parametrize("pack", [gzip.compress, zstd], ids=["gzip", "zstd"])
def test_compression_is_seen_by_its_first_bytes_not_by_the_name(log: Path, pack: object) -> None:
    plain, data = read_log(log), log.read_bytes()
    for packed in (pack(data), pack(data[:100]) + pack(data[100:])):  # type: ignore[operator]
        log.write_bytes(packed)
        assert read_log(log).equals(plain)
    log.write_bytes(packed[:-6])
    with pytest.raises(LogError, match=r"fix\.log begins as (gzip|zstd) does and cannot be decompressed"):
        read_log(log)


@pytest.mark.parametrize("data", [b"", b"\n", b"words\n", b"\x1f"])
def test_a_log_without_messages_is_a_frame_without_rows(log: Path, data: bytes) -> None:
    log.write_bytes(data)
    frame = read_log(log)
    assert (frame.height, frame.schema["price"]) == (0, pl.Decimal(38, 18))
    assert list(scan_log(log)) == []


def test_what_cannot_be_opened_is_said(tmp_path: Path) -> None:
    with pytest.raises(LogError, match=r"none\.log cannot be read: No such file"):
        read_log(tmp_path / "none.log")
    with pytest.raises(LogError, match=r"is a directory; name a file"):
        next(scan_log(tmp_path))
