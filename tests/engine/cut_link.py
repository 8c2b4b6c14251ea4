"""A link that fails: the debugger's end of a KD socket, which closes after so many packets."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.lab.kd.packets import Data, PacketReader

from .live import LiveTarget

__all__ = ["cut_after"]


@contextmanager
def cut_after(target: LiveTarget, packets: int) -> Iterator[LiveTarget]:
    """The same target behind a link that takes ``packets`` data packets of its, and then none."""
    assert target.path is not None
    path = target.path.with_name("cut")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen(1)
        threading.Thread(target=_serve, args=(server, target.path, packets), daemon=True).start()
        yield target._replace(path=path)


def _serve(server: socket.socket, real: Path, packets: int) -> None:
    with server.accept()[0] as debugger, socket.socket(socket.AF_UNIX) as target:
        target.connect(str(real))
        other = threading.Thread(target=_pass_on, args=(debugger, target), daemon=True)
        other.start()
        _pass_on(target, debugger, packets)
        other.join()


def _pass_on(source: socket.socket, sink: socket.socket, packets: int | None = None) -> None:
    reader, seen = PacketReader(), 0
    with suppress(OSError):
        while data := source.recv(1 << 16):
            reader.feed(data)
            while (packet := reader.next()) is not None:
                seen += isinstance(packet, Data)
            if packets is not None and seen >= packets:
                break
            sink.sendall(data)
    for each in (source, sink):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
