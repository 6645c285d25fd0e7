from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest

from fixwatch.errors import SettingsError
from fixwatch.sources.log_file import Sent, open_log, send_log


class Topic:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.records: list[tuple[bytes | None, bytes]] = []

    def send(self, key: bytes | None, value: bytes) -> None:
        self.records.append((key, value))


def sent_of(log: bytes) -> tuple[Sent, list[tuple[bytes | None, bytes]]]:
    sent, topic = Sent(), Topic()
    send_log(io.BytesIO(log), topic, sent)
    return sent, topic.records


@pytest.mark.parametrize("delimiter", [b"|", b"^A", b"\x01"])
def test_any_delimiter_becomes_soh_and_the_frame_stays_as_it_is(delimiter: bytes) -> None:
    line = b"8=FIX.4.4|35=D|49=BUY1|56=BROKER|11=1|10=000|".replace(b"|", delimiter)
    sent, records = sent_of(line + b"\n")
    assert records == [(b"BROKER<>BUY1", b"8=FIX.4.4\x0135=D\x0149=BUY1\x0156=BROKER\x0111=1\x0110=000\x01")]
    assert (sent.messages, sent.skipped, sent.without_session) == (1, 0, 0)


def test_prefixes_and_lines_without_fix_are_skipped_and_counted() -> None:
    sent, records = sent_of(
        b"starting up\n\n"
        b"2026-03-06 12:00:00,123 INFO > 8=FIX.4.2|35=0|49=A|56=B|10=000|\r\n"
        b'{"json": true}\n'
        b"8=FIX.4.2|35=0|49=B|10=000|"
    )
    assert [value[:9] for _, value in records] == [b"8=FIX.4.2"] * 2
    assert [key for key, _ in records] == [b"A<>B", None]
    assert (sent.messages, sent.skipped, sent.without_session) == (2, 2, 1)


def test_an_empty_log_sends_nothing() -> None:
    sent, records = sent_of(b"")
    assert (sent, records) == (Sent(), [])


def test_a_directory_is_named_as_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is a directory"), open_log(str(tmp_path)):
        pass


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "nowhere.log")
    with pytest.raises(SettingsError, match=r"nowhere\.log cannot be read: No such file"), open_log(missing):
        pass


def test_a_compressed_log_is_opened_as_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "fix.log"
    path.write_bytes(gzip.compress(b"8=FIX.4.4|35=0|10=000|\n" * 1000))
    sent, topic = Sent(), Topic()
    with open_log(str(path)) as stream:
        send_log(stream, topic, sent)
    assert sent.messages == 1000
