"""Files, local or at a URL that fsspec knows, plain, gzip or zstd."""

from __future__ import annotations

import gzip
import io
import posixpath
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO, NamedTuple, cast

import fsspec
import pyarrow as pa

from parley.errors import UnpackError
from parley.unpack.values import UNSTORABLE

COMPRESSED = (".gz", ".zst")
# Of what is read from S3 at a time.
BLOCK_SIZE = 8 * 1024 * 1024


# What file systems tell of a file that changes with it: a local one, S3, Google's, Azure's.
VERSION_MARKS = ("mtime", "ETag", "etag", "md5Hash", "LastModified", "last_modified", "updated")


class FileVersion(NamedTuple):
    """A file at one time: where it is, and a text that is another when it has changed."""

    url: str
    version: str


@dataclass(frozen=True)
class File:
    """A file of a source.

    Attributes:
        place: its path relative to the source, for messages.
        path: as its file system knows it.
    """

    place: str
    path: str
    system: Any = field(repr=False)

    @property
    def suffix(self) -> str:
        """`.json` of a.json, A.JSON and a.json.gz."""
        name = self.path.lower()
        for compressed in COMPRESSED:
            name = name.removesuffix(compressed)
        return posixpath.splitext(name)[1]

    @property
    def is_compressed(self) -> bool:
        return self.path.lower().endswith(COMPRESSED)

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The content, unpacked as it is read.

        Raises:
            UnpackError: it cannot be read, or is not whole; also while it is read.
        """
        try:
            with self.system.open(self.path, "rb", block_size=BLOCK_SIZE) as raw:
                yield _unpacked(raw, self.path.lower())
        except EOFError as error:
            raise UnpackError(f"{self.place} ends in the middle: was it still being written? {NOTHING}") from error
        # What a file system raises depends on it: only what is told of the file is the same.
        except (OSError, ValueError, zlib.error) as error:
            raise UnpackError(f"{self.place} cannot be read: {error}. {NOTHING}") from error

    def size(self) -> int:
        """In bytes, as it is; 0 where its file system does not tell.

        Raises:
            UnpackError: the file is gone.
        """
        return int(self._info().get("size") or 0)

    def version(self) -> FileVersion | None:
        """What changes whenever the file does; None where its file system has nothing of the kind.

        Raises:
            UnpackError: the file is gone.
        """
        info = self._info()
        marks = [str(info[name]) for name in VERSION_MARKS if info.get(name)]
        url = self.system.unstrip_protocol(self.path)
        return FileVersion(url, "/".join([str(info.get("size")), *marks])) if marks else None

    def _info(self) -> dict[str, Any]:
        try:
            return dict(self.system.info(self.path))
        except (OSError, ValueError) as error:
            raise UnpackError(f"{self.place} cannot be read: {error}. {NOTHING}") from error


Unread = tuple[File, FileVersion | None]
"""A file that is to be read, as it is."""


class FileSource:
    """A source of files, which leaves out those that have landed and not changed since.

    Attributes:
        landed: files that need not be read again as long as they have not changed.
        read: those that have been read to their end, in order.
        unchanged: how many were left out.
    """

    def __init__(self) -> None:
        self.landed: set[FileVersion] = set()
        self.read: dict[FileVersion, None] = {}
        self.unchanged = 0

    def unread(self, files: Iterable[File]) -> list[Unread]:
        """The files to read, as they are now: what is added while they are read makes them others."""
        found = [(file, file.version()) for file in files]
        unread = [(file, version) for file, version in found if version not in self.landed]
        self.unchanged = len(found) - len(unread)
        return unread

    def has_read(self, versions: Iterable[FileVersion | None]) -> None:
        """Files have been read to their end."""
        self.read.update((version, None) for version in versions if version)


NOTHING = "Nothing was landed."
USER = re.compile(r"://[^/@\s]*@")


def list_files(source: str, suffixes: tuple[str, ...] = ()) -> list[File]:
    """The file that `source` is, or those below it, by name.

    Args:
        suffixes: of the files of a folder that are wanted, compressed or not; all without any.

    Raises:
        UnpackError: there is none, or the place cannot be looked at.
    """
    try:
        system, path = fsspec.url_to_fs(source)
        is_file = system.isfile(path)
        if not is_file and not system.isdir(path):
            raise UnpackError(
                f"{without_user(source)} is neither a file nor a folder. "
                "Give the path or URL of files, or the URL of a database."
            )
        folder, paths = (posixpath.dirname(path), [path]) if is_file else (path, sorted(system.find(path)))
        found = [File(posixpath.relpath(name, folder), name, system) for name in paths]
    except UnpackError:
        raise
    # Each file system has errors of its own: no permission, no credentials, a package that is not installed.
    except Exception as error:
        raise UnpackError(without_user(f"Cannot look for files at {source}: {error}")) from error
    files = [file for file in found if is_file or not suffixes or file.suffix in suffixes]
    if unstorable := next((file.place for file in files if UNSTORABLE.search(file.path)), None):
        # The name of a file is kept with what lands.
        name = unstorable.encode(errors="backslashreplace").decode()
        raise UnpackError(f"The name of {name} is not in UTF-8. Rename the file. {NOTHING}")
    if suffixes and not files:
        raise UnpackError(
            f"No file in {without_user(source)} ends in {', '.join(suffixes)} (or these with {', '.join(COMPRESSED)})."
        )
    return files


def without_user(text: str) -> str:
    """A text without the users and passwords of the URLs in it."""
    return USER.sub("://", text)


def _unpacked(raw: BinaryIO, name: str) -> BinaryIO:
    if name.endswith(".gz"):
        return cast(BinaryIO, gzip.open(raw))
    if name.endswith(".zst"):
        return io.BufferedReader(pa.CompressedInputStream(pa.PythonFile(raw, "r"), "zstd"), BLOCK_SIZE)
    return raw
