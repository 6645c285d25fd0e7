from collections.abc import Callable
from typing import Any

class Links:
    count: int
    def __init__(self, pairs: Any, columns: list[Any], kinds: list[int]) -> None: ...
    def places(self) -> tuple[bytearray, bytearray]: ...
    def assign(
        self,
        known: list[tuple[int, str, str, int]],
        kind_names: list[str],
        take_keys: Callable[[int], list[int]],
    ) -> tuple[bytearray, bytearray, bytearray, bytearray, list[int]]: ...
