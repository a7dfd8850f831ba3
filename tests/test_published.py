"""What is published can be read, here or on S3, and a writing that fails changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.local import LocalFileSystem

from parley import published, settings
from parley.errors import ConfigurationError

NAME = "extracts/shop.json.gz"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "STATE", tmp_path)
    return tmp_path / "published"


def test_the_newest_is_read_and_each_version_is_told_from_the_one_before(folder: Path) -> None:
    assert published.read(NAME) is None
    assert published.version(NAME) is None
    versions = set()
    for content in (b"one", b"two", b"two"):
        published.write(NAME, content)
        assert published.read(NAME) == content
        versions.add(published.version(NAME))
    assert len(versions) == 3
    assert (folder / NAME).read_bytes() == b"two"


def test_a_writing_that_fails_leaves_the_file_before(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    published.write(NAME, b"one")

    def fail(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(LocalFileSystem, "mv", fail)
    with pytest.raises(OSError, match="No space"):
        published.write(NAME, b"two")
    assert published.read(NAME) == b"one"
    assert [path.name for path in (folder / "extracts").iterdir()] == ["shop.json.gz"]


def test_workers_and_api_server_may_share_a_bucket(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLISH_TO", "s3://parley/pages")
    assert published.version(NAME) is None
    published.write(NAME, b"one")
    first = published.version(NAME)
    # By another process, of which this one is not told.
    bucket.put_object(Bucket="parley", Key=f"pages/{NAME}", Body=b"other")
    assert published.version(NAME) != first
    assert published.read(NAME) == b"other"
    assert published.place(NAME) == f"s3://parley/pages/{NAME}"


def test_a_place_that_nobody_knows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLISH_TO", "nowhere://parley")
    with pytest.raises(ConfigurationError, match="PUBLISH_TO is 'nowhere://parley'"):
        published.read(NAME)
