import pyarrow as pa

def bucket(microseconds: int) -> int: ...
def message_minutes(
    kafka_time: pa.Array,
    session_id: pa.Array,
    msg_type: pa.Array,
    verdict: pa.Array,
    quarantined: pa.Array,
    raw: pa.Array,
) -> list[list[int]]: ...
def skew_minutes(
    kafka_time: pa.Array,
    session_id: pa.Array,
    sending_time: pa.Array,
    poss_dup: pa.Array,
    folded: pa.Array,
) -> list[list[int]]: ...
