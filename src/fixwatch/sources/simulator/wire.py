"""How values and messages are written: FIX text in, framed bytes out.

`fix.encoder` checks every field of a message that it is given. Here the text is built from templates that
are right by construction (tests hold them against the dictionaries), which is what makes the simulator fast.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

from fixwatch.fix.encoder import checksum

SOH: Final = "\x01"

#: CheckSum(10) by its value.
_TRAILERS: Final = tuple(b"10=%03d\x01" % value for value in range(256))
#: Three digits, for each of a thousand.
_DIGITS: Final = tuple(f"{number:03d}" for number in range(1_000))
_MICROSECONDS: Final = 1_000_000
_SATURDAY: Final = 5


def frame(begin_string: str, header: str, body: str) -> bytes:
    """A whole message around `header` and `body`: from MsgType(35) on, every field ended by SOH."""
    head = f"8={begin_string}\x019={len(header) + len(body)}\x01{header}{body}".encode("latin-1")
    return head + _TRAILERS[checksum(head)]


def decimal_text(units: int, decimals: int) -> str:
    """`units` times 10^-decimals, written out: (12345, 2) is `123.45`."""
    text = str(units)
    if not decimals:
        return text
    if len(text) > decimals and units > 0:
        return f"{text[:-decimals]}.{text[-decimals:]}"
    sign, digits = ("-", text[1:]) if units < 0 else ("", text)
    digits = digits.zfill(decimals + 1)
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}"


class Stamp:
    """The moment of the message in hand, as UTCTimestamp and LocalMktDate text.

    Attributes:
        now: microseconds since 1970, UTC.
        millis, micros: `YYYYMMDD-HH:MM:SS` with three or six digits behind the point.
        today: `YYYYMMDD`, for TradeDate(75).
    """

    __slots__ = ("_second", "_second_text", "_settlement", "micros", "millis", "now", "today")

    def __init__(self, now: int) -> None:
        self._second = -1
        self._settlement: dict[int, str] = {}
        self.today = ""
        self.set(now)

    def set(self, now: int) -> None:
        """Move on to `now`."""
        self.now = now
        second, fraction = divmod(now, _MICROSECONDS)
        if second != self._second:
            self._second = second
            self._second_text = datetime.fromtimestamp(second, UTC).strftime("%Y%m%d-%H:%M:%S.")
            if self._second_text[:8] != self.today:
                self.today = self._second_text[:8]
                self._settlement.clear()
        millis, micros = divmod(fraction, 1_000)
        self.millis = self._second_text + _DIGITS[millis]
        self.micros = self.millis + _DIGITS[micros]

    def text(self, micros: bool) -> str:
        """UTCTimestamp of the moment, in micro- or milliseconds."""
        return self.micros if micros else self.millis

    def settlement(self, days: int) -> str:
        """The day that comes `days` weekdays after today, `YYYYMMDD`."""
        if days not in self._settlement:
            self._settlement[days] = _weekdays_later(self.today, days)
        return self._settlement[days]


def _weekdays_later(today: str, days: int) -> str:
    day = date(int(today[:4]), int(today[4:6]), int(today[6:]))
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < _SATURDAY
    return day.strftime("%Y%m%d")
