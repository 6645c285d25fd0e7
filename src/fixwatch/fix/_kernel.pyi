from collections.abc import Sequence

import pyarrow as pa

def decode_batch(
    messages: Sequence[bytes | None] | pa.Array,
    lenient: bool,
    tolerant: bool,
    frame_only: bool,
    max_message_bytes: int,
    default_version: str,
) -> tuple[pa.RecordBatch, pa.Array, pa.RecordBatch, pa.Array]: ...
def read_fields(
    message: bytes, tolerant: bool, default_version: str
) -> tuple[list[tuple[int | None, int, int, int, bool]], int]: ...
