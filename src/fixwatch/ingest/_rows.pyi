import pyarrow as pa

def ends_of(columns: list[pa.Array]) -> tuple[bytearray, bytearray, list[int]]: ...
def moments(
    orig_sending_time: pa.Array,
    poss_dup: pa.Array,
    poss_resend: pa.Array,
    transact_time: pa.Array,
    sending_time: pa.Array,
    kafka_time: pa.Array,
) -> tuple[bytearray, bytearray]: ...
def earlier(moments_: bytearray, microseconds: int) -> bytearray: ...
