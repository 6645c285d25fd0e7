import pyarrow as pa

from fixwatch.schedule import TradingDay

class TradingDays:
    def tell(self, pair_id: int, rule: TradingDay) -> None: ...
    def of(self, sent: pa.Array, pair_ids: pa.Array) -> pa.Int32Array: ...
