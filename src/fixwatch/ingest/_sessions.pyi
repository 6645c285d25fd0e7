from typing import Any

import pyarrow as pa

READ: tuple[str, ...]

class Sessions:
    resets: list[tuple[int, int, str, int]]
    events: list[tuple[Any, ...]]
    def __init__(self, columns: list[pa.Array], opened: pa.Int32Array | None) -> None: ...
    def figures_of(self) -> list[tuple[Any, ...]]: ...
    def touched(self) -> tuple[list[int], list[int], list[int], list[int]]: ...
