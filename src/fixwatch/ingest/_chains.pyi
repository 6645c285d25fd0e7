from collections.abc import Callable
from typing import Any

import pyarrow as pa

READ: tuple[str, ...]
KINDS: tuple[str, ...]
ID_COLUMNS: tuple[str, ...]

class Links:
    count: int
    def __init__(self, rows: pa.RecordBatch) -> None: ...
    def starting(self) -> bytearray: ...
    def places(self) -> tuple[bytearray, bytearray]: ...
    def assign(
        self, known: list[tuple[Any, ...]], take_keys: Callable[[int], list[int]]
    ) -> tuple[bytearray, bytearray, bytearray, bytearray, bytearray, list[int], dict[int, int]]: ...
