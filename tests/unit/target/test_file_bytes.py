"""A file's bytes as a stream, which libraries read."""

from __future__ import annotations

from pathlib import Path

from pykd_ext.target.file_bytes import FileStream, map_file


def test_a_stream_reads_no_more_than_there_is(tmp_path: Path) -> None:
    path = tmp_path / "ten"
    path.write_bytes(b"0123456789")
    with map_file(str(path)) as data:
        stream = FileStream(data)
        assert stream.read(4) == b"0123"
        assert stream.read(1 << 60) == b"456789"
        assert stream.read(1) == stream.read() == b""
        stream.seek(7)
        assert stream.read() == b"789"
