from array import array

class Splitter:
    strays: int
    def __init__(self, keep: bool) -> None: ...
    def split(
        self, block: bytes, last: bool
    ) -> tuple[int, bytearray, array[int], bytearray, array[int], array[int], array[int]]: ...
