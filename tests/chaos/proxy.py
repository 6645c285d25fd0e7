"""A TCP proxy between the broker and its clients, whose connections can be cut."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from types import TracebackType
from typing import Final, Self

#: What the load's own client calls itself: its connections are spared where the broker does not drop repeats.
SPARED: Final = b"fixwatch-load"

#: Closing with this sends RST: what was on its way is lost, as when a cable is pulled.
_LINGER: Final = struct.pack("ii", 1, 0)


class Proxy:
    """Listens on a free port of the loopback interface and forwards to `target`, another port of it.

    Attributes:
        refusing: if new connections are closed at once.
        spares_load: if connections of the client `SPARED` are left alone.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.target = 0
        self.refusing = False
        self.spares_load = True
        self._lock = threading.Lock()
        self._pairs: dict[socket.socket, tuple[socket.socket, bool]] = {}
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Cut the connections that there are."""
        with self._lock:
            pairs = [(client, pair[0]) for client, pair in self._pairs.items() if not pair[1]]
        for pair in pairs:
            _close(*pair)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        self.spares_load = False
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            # A client's first request names it.
            first = client.recv(4096)
            spared = self.spares_load and SPARED in first
            if not first or (self.refusing and not spared):
                _close(client)
                return
            broker = socket.create_connection(("127.0.0.1", self.target), timeout=5)
            broker.settimeout(None)
            broker.sendall(first)
        except OSError:
            _close(client)
            return
        with self._lock:
            self._pairs[client] = (broker, spared)
        threading.Thread(target=_pump, args=(broker, client), daemon=True).start()
        _pump(client, broker)
        with self._lock:
            del self._pairs[client]


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    _close(source, sink)


def _close(*sockets: socket.socket) -> None:
    for each in sockets:
        with contextlib.suppress(OSError):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
            # Wakes the thread that reads from it.
            each.shutdown(socket.SHUT_RDWR)
        each.close()
