"""Files that are handed over, from wherever a program has them."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final, Union

from ._errors import ClaudemeshError

FileSource = Union[str, "os.PathLike[str]", bytes, BinaryIO]

PIECE_BYTES: Final = 262_144


@contextmanager
def opened(source: FileSource, name: str | None) -> Iterator[tuple[str, int, BinaryIO]]:
    """What it is called, how many bytes it has from where it stands, and the open file; a path is closed afterwards."""
    if isinstance(source, (str, os.PathLike)):
        with open(source, "rb") as file:
            yield name or os.path.basename(os.fspath(source)), os.fstat(file.fileno()).st_size, file
        return
    if isinstance(source, bytes):
        yield _named(name), len(source), io.BytesIO(source)
        return
    at = source.tell()
    end = source.seek(0, os.SEEK_END)
    source.seek(at)
    yield _named(name), end - at, source


def chunks_of(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(PIECE_BYTES):
        yield piece


def _named(name: str | None) -> str:
    if name is None:
        raise ClaudemeshError("missing_field", "a file without a path needs a name", hint="give name")
    return name


def changed_meanwhile() -> ClaudemeshError:
    return ClaudemeshError("usage", "the file changed while it was read", hint="send it once it is finished")
