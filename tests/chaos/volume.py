"""A small file system for Postgres, which can be full."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

#: Of memory, taken only as it is used: Postgres's own files, its write-ahead log, and a round's database.
SIZE_MB: Final = 1200


class Volume:
    """A directory; `can_be_full` if it is a file system of its own."""

    def __init__(self, directory: Path, *, can_be_full: bool) -> None:
        self.directory = directory
        self.can_be_full = can_be_full
        self._ballast = directory / "ballast"

    def fill(self) -> None:
        """Leave no room, while others take it, too."""
        with self._ballast.open("wb") as file:
            taken = 0
            for step in (64 * 1024**2, 1024**2, 4096):
                with contextlib.suppress(OSError):
                    while True:
                        os.posix_fallocate(file.fileno(), taken, step)
                        taken += step

    def free(self) -> None:
        """Give the room back."""
        self._ballast.unlink(missing_ok=True)


@contextmanager
def volume(directory: Path) -> Iterator[Volume]:
    """A volume at `directory`: a tmpfs where we may mount one (root), else a directory as any other."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m,mode=755", "fixwatch-chaos", str(directory)]
    mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield Volume(directory, can_be_full=mounted)
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(directory)], check=True)
