import pyarrow as pa

from fixwatch.ingest._orders import Orders

WAITS: tuple[str | None, ...]
DEFECTS: tuple[str, ...]
LATENCIES: tuple[str, ...]
ORDER_COLUMNS: tuple[str, ...]
ORDER_TYPES: tuple[pa.DataType, ...]
LATENCY_COLUMNS: tuple[str, ...]

def merge(
    said: Orders, stored: dict[int, list[bytes]], moved: dict[int, int]
) -> tuple[list[pa.Array], list[pa.Array]]: ...
def ids_of(events: bytes) -> set[tuple[str, str]]: ...
