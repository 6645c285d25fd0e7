from collections.abc import Sequence

import pyarrow as pa

def decode_batch(
    messages: Sequence[bytes | None] | pa.Array, lenient: bool, max_message_bytes: int
) -> tuple[pa.RecordBatch, pa.Array, pa.RecordBatch, pa.Array]: ...
