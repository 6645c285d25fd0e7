"""The market: what is traded, and prices that walk at random.

Prices and quantities are integers: a price counts units of 10^-price_decimals, a quantity units of
10^-quantity_decimals. No float ever holds either.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final


@dataclass(frozen=True, slots=True)
class Instrument:
    """One thing that is traded, and the rules of its market.

    Attributes:
        symbol: Symbol(55).
        isin: SecurityID(48) of SecurityIDSource(22)=4; empty where there is none.
        currency: Currency(15), ISO 4217.
        venue: the market's ISO 10383 code, for LastMkt(30) and SecurityExchange(207).
        cfi: CFICode(461), ISO 10962.
        opening: where the price starts to walk, in units of 10^-price_decimals.
        tick: the smallest step of the price, in the same units.
        lot: the smallest quantity, in units of 10^-quantity_decimals.
        settlement_days: trading days from TradeDate(75) to SettlDate(64).
    """

    symbol: str
    isin: str
    currency: str
    venue: str
    cfi: str
    price_decimals: int
    opening: int
    tick: int
    quantity_decimals: int
    lot: int
    settlement_days: int


SHARES: Final = (
    Instrument("AAPL", "US0378331005", "USD", "XNAS", "ESVUFR", 2, 22_815, 1, 0, 100, 1),
    Instrument("MSFT", "US5949181045", "USD", "XNAS", "ESVUFR", 2, 41_770, 1, 0, 100, 1),
    Instrument("NVDA", "US67066G1040", "USD", "XNAS", "ESVUFR", 2, 14_230, 1, 0, 100, 1),
    Instrument("JPM", "US46625H1005", "USD", "XNYS", "ESVUFR", 2, 24_390, 1, 0, 100, 1),
    Instrument("XOM", "US30231G1022", "USD", "XNYS", "ESVUFR", 2, 11_864, 1, 0, 100, 1),
    Instrument("VOD.L", "GB00BH4HKS39", "GBP", "XLON", "ESVUFR", 4, 7_124, 2, 0, 500, 2),
    Instrument("AZN.L", "GB0009895292", "GBP", "XLON", "ESVUFR", 2, 10_586, 2, 0, 50, 2),
    Instrument("SAP.DE", "DE0007164600", "EUR", "XETR", "ESVUFR", 2, 22_144, 2, 0, 25, 2),
    Instrument("SIE.DE", "DE0007236101", "EUR", "XETR", "ESVUFR", 2, 18_606, 2, 0, 25, 2),
    Instrument("ASML.AS", "NL0010273215", "EUR", "XAMS", "ESVUFR", 1, 6_482, 1, 0, 10, 2),
    Instrument("NESN.S", "CH0038863350", "CHF", "XSWX", "ESVUFR", 2, 8_412, 2, 0, 25, 2),
    Instrument("7203.T", "JP3633400001", "JPY", "XTKS", "ESVUFR", 1, 26_175, 5, 0, 100, 2),
    Instrument("0700.HK", "KYG875721634", "HKD", "XHKG", "ESVUFR", 1, 4_074, 2, 0, 100, 2),
)
CURRENCIES: Final = (
    Instrument("EUR/USD", "", "EUR", "XXXX", "IFXXXP", 5, 108_412, 1, 0, 100_000, 2),
    Instrument("USD/JPY", "", "USD", "XXXX", "IFXXXP", 3, 149_873, 1, 0, 100_000, 2),
    Instrument("BTC/USD", "", "BTC", "XXXX", "TTXXXX", 2, 6_731_250, 25, 4, 500, 0),
)
INSTRUMENTS: Final = SHARES + CURRENCIES

#: A price that fell below this share of its opening turns up again: nothing here goes bankrupt.
_FLOOR_DIVISOR: Final = 2


class Market:
    """Prices of `INSTRUMENTS`, each a random walk in ticks."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._prices = {instrument.symbol: instrument.opening for instrument in INSTRUMENTS}

    def pick(self, instruments: tuple[Instrument, ...]) -> Instrument:
        """One of `instruments` to trade; the first ones are busier than the last."""
        draw = self._rng.random()
        return instruments[int(draw * draw * len(instruments))]

    def price(self, instrument: Instrument) -> int:
        """The price now, in units of 10^-price_decimals: a few ticks from where it was asked for last."""
        price = self._prices[instrument.symbol] + instrument.tick * int(self._rng.random() * 7 - 3)
        if price < instrument.opening // _FLOOR_DIVISOR:
            price += 4 * instrument.tick
        self._prices[instrument.symbol] = price
        return price
