"""A log as it is on disk to its bytes: gzip (RFC 1952) and zstd (RFC 8878) are known by how they begin."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, cast

import pyarrow as pa

from fixwatch.errors import LogError

_MAGIC: Final = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_LONGEST_MAGIC: Final = 4


@contextmanager
def open_log(path: str | Path) -> Iterator[BinaryIO]:
    """A log's bytes, decompressed where they need it. Raises LogError: the file cannot be opened."""
    try:
        file = Path(path).open("rb")  # noqa: SIM115  # closed below, when the caller has read it
    except IsADirectoryError:
        raise LogError(f"{path} is a directory; name a file.") from None
    except OSError as error:
        raise LogError(f"{path} cannot be read: {error.strerror}.") from None
    with file:
        yield decompressed(file, str(path))


def decompressed(file: BinaryIO, name: str) -> BinaryIO:
    """The file, or what it holds if it is compressed, whatever its name is; several parts are read as one.

    The answer's `tell` is the place in the file as it is on disk. A pipe is taken as it is.
    """
    if not file.seekable():
        return file
    at = file.tell()
    begin = file.read(_LONGEST_MAGIC)
    file.seek(at)
    for magic, codec in _MAGIC.items():
        if begin.startswith(magic):
            return cast(BinaryIO, _Decompressed(file, codec, name))
    return file


class _Decompressed:
    def __init__(self, file: BinaryIO, codec: str, name: str) -> None:
        self._file = file
        self._codec = codec
        self._name = name
        self._stream = pa.CompressedInputStream(file, codec)

    def read(self, size: int) -> bytes:
        """At most so many bytes. Raises LogError: they are not what the codec made, or end too soon."""
        try:
            return bytes(self._stream.read(size))
        except OSError as error:
            raise LogError(
                f"{self._name} begins as {self._codec} does and cannot be decompressed: {error}."
            ) from None

    def seekable(self) -> bool:
        """If `tell` says something: always."""
        return True

    def tell(self) -> int:
        """The place in the compressed file."""
        return self._file.tell()
