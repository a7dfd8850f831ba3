"""Files of records: where they are, how they are packed, and in which form the documents are."""

from __future__ import annotations

import gzip
import io
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley import settings
from parley.errors import UnpackError
from parley.pipelines import bot
from parley.unpack.domains import unpack_new
from parley.unpack.rasa import RASA
from parley.unpack.sources import DocumentFiles, Record, documents, read_rasa
from parley.warehouse import Warehouse

TRACKERS = settings.ROOT / "sample_data" / "rasa_trackers"
BOT = bot("demo_bot", source="unused")
EVENT = {"event": "restart", "timestamp": 1704722742.5}


def zstd(content: bytes) -> bytes:
    packed = pa.BufferOutputStream()
    with pa.CompressedOutputStream(packed, "zstd") as stream:
        stream.write(content)
    return bytes(packed.getvalue())


def texts(source: Path | str) -> list[str]:
    return [record.text for record in DocumentFiles(str(source))]


def hashes(records: Any) -> list[str]:
    return [RASA.parse(record).record_hash for record in records]


def of_sender(records: Iterator[Record], sender: str) -> list[Record]:
    return [record for record in records if RASA.parse(record).sequence == sender]


@pytest.mark.parametrize("form", ["dialogue", "state"])
@pytest.mark.parametrize("path", sorted((TRACKERS / "state").iterdir()), ids=lambda path: path.stem[:8])
def test_an_event_has_one_id_in_a_dump_in_a_file_of_the_broker_and_in_the_store(
    form: str, path: Path, sample: Path, tmp_path: Path
) -> None:
    store = tmp_path / "tracker_store.sqlite"
    store.write_bytes(gzip.decompress((settings.ROOT / "sample_data" / "rasa_tracker_store.sqlite.gz").read_bytes()))
    dump = hashes(read_rasa(str(TRACKERS / form / path.name)))
    assert dump
    assert dump == hashes(of_sender(iter(read_rasa(str(sample))), path.stem))
    assert dump == hashes(of_sender(iter(read_rasa(f"sqlite:///{store}")), path.stem))


@pytest.mark.parametrize("form", ["dialogue", "state"])
def test_dumps_come_to_the_same_one_by_one_as_an_array_and_one_a_line(form: str, tmp_path: Path) -> None:
    dumps = [json.loads(path.read_text()) for path in sorted((TRACKERS / form).iterdir())]
    (tmp_path / "array.json").write_text(json.dumps(dumps, indent=2))
    (tmp_path / "lines.json").write_text("\n".join(map(json.dumps, dumps)))
    (tmp_path / "lines.ndjson").write_text("\n".join(map(json.dumps, dumps)))
    one_by_one = hashes(read_rasa(str(TRACKERS / form)))
    for name in ("array.json", "lines.json", "lines.ndjson"):
        assert hashes(read_rasa(str(tmp_path / name))) == one_by_one, name


def test_what_only_looks_like_a_dump_is_an_event_or_set_aside(tmp_path: Path) -> None:
    lines = [
        json.dumps({**EVENT, "sender_id": "ada", "events": [EVENT]}),
        '{"sender_id": "ada", "events": "none"}',
        '{"sender_id": "ada", "events": [',
        json.dumps({"sender_id": "ada", "events": [EVENT, "text"]}),
    ]
    (tmp_path / "in.ndjson").write_text("\n".join(lines))
    assert [(record.number, record.text) for record in read_rasa(str(tmp_path))] == [
        (1, lines[0]),
        (2, lines[1]),
        (3, lines[2]),
        (4, json.dumps(EVENT)),
        (4, '"text"'),
    ]


@pytest.mark.parametrize("name", ["in.ndjson", "in.ndjson.gz", "in.jsonl.zst", "in.json", "in.json.gz", "IN.JSON.ZST"])
def test_files_are_unpacked_by_their_names(name: str, tmp_path: Path) -> None:
    content = b'\xef\xbb\xbf{"a": 1}\n\n{"a": 2}\n'
    pack = {".gz": gzip.compress, ".zst": zstd}.get(Path(name).suffix.lower(), bytes)
    (tmp_path / name).write_bytes(pack(content) + (b"" if pack is bytes else pack(b'{"a": 3}\n')))
    expected = ['{"a": 1}', '{"a": 2}', *([] if pack is bytes else ['{"a": 3}'])]
    assert texts(tmp_path) == expected
    assert texts(tmp_path / name) == expected


@given(
    st.lists(st.recursive(st.integers() | st.text() | st.booleans(), st.lists, max_leaves=5)),
    st.sampled_from([None, 2]),
    st.integers(1, 9),
    st.booleans(),
)
def test_an_array_is_read_in_pieces_of_any_size(
    items: list[Any], indent: int | None, characters: int, as_array: bool
) -> None:
    text = json.dumps(items, indent=indent) if as_array else " ".join(json.dumps(item, indent=indent) for item in items)
    if not as_array and items and isinstance(items[0], list):
        return  # its first bracket would be that of an array of documents
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "CHARACTERS_AT_ONCE", characters)
        stream = io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8")
        assert [json.loads(document) for document in documents._documents(stream, "a.json")] == items


CUT: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("in.ndjson.gz", lambda content: gzip.compress(content)[:-300]),
    ("in.ndjson.zst", lambda content: zstd(content)[:-1]),
    ("in.ndjson.gz", lambda content: content),
    ("in.ndjson.zst", lambda content: content),
    ("in.json", lambda content: b"[" + content.replace(b"\n", b",")),
    ("in.json", lambda content: b'{"sender_id":\n"ada", "events": [' + content.replace(b"\n", b",")[:-100]),
]


@pytest.mark.parametrize(("name", "cut"), CUT)
def test_of_a_file_that_was_cut_nothing_lands_and_it_is_named(
    name: str, cut: Callable[[bytes], bytes], warehouse: Warehouse, sample: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "input"
    folder.mkdir()
    day = (sample / "batch_1" / "2024-01-09.ndjson").read_bytes()
    (folder / "a whole one.ndjson").write_bytes((sample / "batch_1" / "2024-01-08.ndjson").read_bytes())
    (folder / name).write_bytes(cut(day))
    with pytest.raises(UnpackError, match=rf"{name}.*Nothing was landed"):
        unpack_new(BOT, warehouse, str(folder))
    with warehouse.connect() as connection:
        assert connection.tables(BOT.raw_schema) == set()


def test_any_file_system_of_fsspec_is_read(sample: Path) -> None:
    memory = fsspec.filesystem("memory")
    memory.put(f"{sample}/", "/bucket/bot/", recursive=True)
    assert hashes(read_rasa("memory://bucket/bot")) == hashes(read_rasa(str(sample)))
    places = Counter(record.place for record in DocumentFiles("memory://bucket/bot/batch_1/2024-01-09.ndjson"))
    assert list(places) == ["2024-01-09.ndjson"]


def test_s3_is_read(bucket: Any, sample: Path) -> None:
    for path in sorted(sample.rglob("*.ndjson")):
        bucket.put_object(Bucket="parley", Key=f"bot/{path.name}.gz", Body=gzip.compress(path.read_bytes()))
    assert hashes(read_rasa("s3://parley/bot")) == hashes(read_rasa(str(sample)))
    with pytest.raises(UnpackError, match="s3://parley/none is neither a file nor a folder"):
        list(read_rasa("s3://parley/none"))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("no/such/folder", "neither a file nor a folder"),
        ("nowhere://bucket", "Cannot read the tracker store"),
        ("memory://no/such/place", "neither a file nor a folder"),
    ],
)
def test_a_place_that_is_not_there_is_an_error_that_names_it(source: str, message: str) -> None:
    with pytest.raises(UnpackError, match=message):
        list(read_rasa(source))


def test_a_folder_without_files_of_json_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(UnpackError, match=r"ends in \.ndjson, \.jsonl, \.json"):
        list(read_rasa(str(tmp_path)))


def test_a_file_whose_reading_fails_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.ndjson").symlink_to("/proc/self/mem")  # nothing is at its beginning, for root neither
    with pytest.raises(UnpackError, match=r"broken\.ndjson cannot be read"):
        list(read_rasa(str(tmp_path)))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read any file")
def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "secret.ndjson").write_text("{}")
    (tmp_path / "secret.ndjson").chmod(0)
    with pytest.raises(UnpackError, match=r"secret\.ndjson cannot be read"):
        list(read_rasa(str(tmp_path)))
