import pyarrow as pa

READ: tuple[str, ...]
WAITS: tuple[str | None, ...]
DEFECTS: tuple[str, ...]
LATENCIES: tuple[str, ...]
ORDER_COLUMNS: tuple[str, ...]
ORDER_TYPES: tuple[pa.DataType, ...]
LATENCY_COLUMNS: tuple[str, ...]

class Orders:
    count: int
    def __init__(self, rows: pa.RecordBatch) -> None: ...
    def keys(self) -> list[int]: ...
    def pairs(self) -> dict[int, int]: ...
    def merge(
        self, stored: dict[int, list[bytes]], moved: dict[int, int]
    ) -> tuple[list[pa.Array], list[pa.Array]]: ...

def ids_of(events: bytes) -> set[tuple[str, str]]: ...
