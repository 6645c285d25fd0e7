from typing import Any

from fixwatch.ingest._sessions import Sessions

def merge(
    said: Sessions,
    epochs: dict[int, tuple[list[int], list[int]]],
    stored: dict[int, dict[tuple[int | None, int], bytes]],
) -> list[list[Any]]: ...
