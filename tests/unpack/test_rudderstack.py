"""What a RudderStack event is, which rows it becomes, and what is set aside."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from parley import settings
from parley.pipelines import shop
from parley.unpack.contract import NotValidError
from parley.unpack.domains import unpack_new
from parley.unpack.engine import unpack
from parley.unpack.rudderstack import RUDDERSTACK, Call
from parley.unpack.rudderstack_names import snake_case, table_name
from parley.unpack.rudderstack_tables import TABLES
from parley.unpack.sources import Record
from parley.warehouse import Warehouse

SAMPLE = settings.ROOT / "sample_data" / "ecommerce"
VALID = {
    "type": "track",
    "event": "Product Added",
    "messageId": "m1",
    "anonymousId": "a1",
    "userId": "",
    "channel": "web",
    "timestamp": "2024-01-02T00:06:20.116Z",
    "originalTimestamp": "2024-01-02T00:06:19.537Z",
    "sentAt": "2024-01-02T00:06:19.537Z",
    "receivedAt": "2024-01-02T00:06:20.116Z",
    "context": {},
    "properties": {},
}


def call(text: str | None = None, /, **changes: Any) -> Call:
    return Call.from_record(Record("a.ndjson", 1, text or json.dumps({**VALID, **changes}), {}))


def tables(event: Call) -> dict[str, Any]:
    """The columns of the event's rows, by table."""
    return {table: {**content, **own} for table, content, own in event.rows(0)}


def row(table: str, **changes: Any) -> dict[str, Any]:
    return tables(call(**changes))[table]


def test_a_track_call_is_a_row_of_tracks_and_one_of_its_event_with_the_properties() -> None:
    (table, common, own), (event_table, event, event_own) = call(properties={"price": 2.5}).rows(0)

    assert (table, event_table) == ("tracks", "product_added")
    assert (common["event"], common["event_text"]) == ("product_added", "Product Added")
    assert common["id"] == event["id"] == "m1"
    assert own["_record_hash"] == own["_root_hash"] == event_own["_record_hash"]
    assert event["price"] == 2.5
    assert "price" not in common


@pytest.mark.parametrize(
    ("kind", "table", "extra", "column", "value"),
    [
        ("identify", "identifies", {"traits": {"firstName": "Ada"}}, "first_name", "Ada"),
        ("page", "pages", {"properties": {"tab_url": "u"}}, "tab_url", "u"),
        ("screen", "screens", {"name": "Cart"}, "name", "Cart"),
        ("group", "groups", {"groupId": "g", "traits": {"plan": "x"}}, "plan", "x"),
        ("alias", "aliases", {"previousId": "p"}, "previous_id", "p"),
    ],
)
def test_the_other_calls_are_a_row_each(kind: str, table: str, extra: dict[str, Any], column: str, value: str) -> None:
    [(found, columns, _)] = call(type=kind, **extra).rows(0)
    assert (found, columns[column]) == (table, value)


def test_the_context_is_flattened_with_one_underscore() -> None:
    context = {"page": {"url": "u"}, "screen": {"innerWidth": 1}, "os": {"name": ""}, "campaign": {}}
    found = row("tracks", context=context)
    assert found["context_page_url"] == "u"
    assert found["context_screen_inner_width"] == 1.0
    # What is blank has no column, as with RudderStack.
    assert not [name for name in found if name.startswith(("context_os", "context_campaign"))]


def test_traits_are_columns_with_and_without_the_context() -> None:
    found = row("identifies", type="identify", context={"traits": {"email": "a@b.c", "address": {"country": "AT"}}})
    assert (found["email"], found["context_traits_email"]) == ("a@b.c", "a@b.c")
    assert (found["address_country"], found["context_traits_address_country"]) == ("AT", "AT")


def test_traits_of_the_call_come_before_those_of_the_context() -> None:
    found = row("identifies", type="identify", context={"traits": {"state": "old"}}, traits={"state": "new"})
    assert (found["state"], found["context_traits_state"]) == ("new", "old")


def test_lists_are_json_text_and_objects_in_them_too() -> None:
    found = row("product_added", properties={"products": [{"name": "Café"}], "empty": []})
    assert found["products"] == '[{"name":"Café"}]'
    assert "empty" not in found


def test_what_is_nested_deeper_than_five_levels_is_json_text() -> None:
    deep = {"a": {"b": {"c": {"d": {"e": {"f": {"g": 1}}}}}}}
    assert row("product_added", properties=deep)["a_b_c_d_e_f"] == '{"g":1}'


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("categoryL1", "category_l_1"),
        ("Category L1", "category_l_1"),
        ("1CComega", "1_c_comega"),
        ("path to $1,00,000", "path_to_1_00_000"),
        ("HTTPServer", "http_server"),
        ("&4yasdfa(84224_fs9##_____*3q", "4_yasdfa_84224_fs_9_3_q"),
        ("Cízǔ", "c_z"),
        ("ü", ""),
    ],
)
def test_names_are_rudderstacks(name: str, column: str) -> None:
    assert snake_case(name) == column


@pytest.mark.parametrize(
    ("event", "table"),
    [
        ("Product Added", "product_added"),
        ("productAdded", "product_added"),
        ("Tracks", "event_tracks"),
        ("pages", "event_pages"),
        ("users", "event_users"),
        ("quarantine", "event_quarantine"),
        ("_loads", "event_loads"),
        ("_versions", "event_versions"),
        ("9 mega", "event_9_mega"),
        ("Größe gewählt", "gr_e_gew_hlt"),
    ],
)
def test_an_event_never_gets_a_table_that_is_somebody_elses(event: str, table: str) -> None:
    assert table_name(event) == table
    assert [name for name, *_ in call(event=event).rows(0)] == ["tracks", table]


def test_an_event_without_an_ascii_letter_is_in_tracks_alone() -> None:
    [(table, found, _)] = call(event="追加").rows(0)
    assert (table, found["event"], found["event_text"]) == ("tracks", "追加", "追加")


def test_a_property_named_as_a_common_column_gets_a_number() -> None:
    found = row("product_added", properties={"id": "x", "user_id": 7, "timestamp": "t", "event": "e"})
    assert (found["id"], found["id_2"]) == ("m1", "x")
    assert (found["user_id"], found["user_id_2"]) == (None, 7)
    assert (found["timestamp_2"], found["event_2"]) == ("t", "e")


def test_properties_that_come_to_one_name_get_a_column_each() -> None:
    found = row("product_added", properties={"cartId": "camel", "cart_id": "snake", "cart-id": "dash"})
    assert found["cart_id"] == "snake"
    assert {found["cart_id_2"], found["cart_id_3"]} == {"camel", "dash"}


def test_names_are_text_and_amounts_are_numbers_however_they_come() -> None:
    found = row("product_added", userId=17, properties={"product_id": 1026, "price": "12.50", "quantity": 2})
    assert (found["user_id"], found["product_id"], found["price"], found["quantity"]) == ("17", "1026", 12.5, 2.0)


def test_an_amount_that_is_no_number_stays_text() -> None:
    assert row("product_added", properties={"price": "n/a"})["price"] == "n/a"


def test_nan_nul_and_numbers_beyond_64_bits_become_storable() -> None:
    text = json.dumps({**VALID, "properties": {"price": float("nan"), "note": "a\x00b", "big": 2**70}})
    found = tables(call(text))["product_added"]
    assert "price" not in found
    assert (found["note"], found["big"]) == ("a\ufffdb", str(2**70))


def test_no_user_is_null_whatever_the_sdk_writes() -> None:
    for nobody in ("", None):
        assert row("tracks", userId=nobody)["user_id"] is None
    without = {key: value for key, value in VALID.items() if key != "userId"}
    assert tables(call(json.dumps(without)))["tracks"]["user_id"] is None


def test_a_retry_is_the_same_event() -> None:
    assert call(sentAt="2024-01-03T00:00:00Z").record_hash == call().record_hash
    assert call(messageId="m2").record_hash != call().record_hash


def test_an_event_without_message_id_gets_one_from_its_content() -> None:
    assert call(messageId=None).common["id"] == call(messageId=None).common["id"]
    assert call(messageId=None).common["id"] != call(messageId=None, event="Other").common["id"]


def test_a_missing_timestamp_is_computed_as_the_server_does() -> None:
    late = {"originalTimestamp": "2024-01-01T10:00:00Z", "sentAt": "2024-01-01T10:00:05Z"}
    found = call(timestamp=None, receivedAt="2024-01-02T00:00:10Z", **late)
    assert found.common["timestamp"] == datetime(2024, 1, 2, 0, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"type": "track", ', "not valid JSON"),
        ("<html><body>502 Bad Gateway</body></html>", "not valid JSON"),
        ('{"a": "\\xe9"}', "not valid JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 900 + "1" + "}" * 900, "."),
        ("[1]", "not a JSON object"),
        (json.dumps({"batch": [VALID], "sentAt": "2024-01-01T00:00:00Z"}), "batch"),
        (json.dumps({**VALID, "properties": "[object Object]"}), "properties is not an object"),
        (json.dumps({**VALID, "context": "web"}), "context is not an object"),
        (json.dumps({**VALID, "event": None}), "without an event"),
        (json.dumps({**VALID, "event": " "}), "without an event"),
        (json.dumps({**VALID, "event": {"name": "x"}}), "without an event"),
        (json.dumps({**VALID, "type": "purchase"}), "type 'purchase' is none of"),
        (json.dumps({**VALID, "type": None}), "type None is none of"),
        (json.dumps({**VALID, "anonymousId": None}), "neither userId nor anonymousId"),
        (json.dumps({**VALID, "anonymousId": {"id": 1}}), "anonymousId is not a text"),
        (json.dumps({**VALID, "timestamp": "", "originalTimestamp": ""}), "no timestamp"),
        (json.dumps({**VALID, "timestamp": "yesterday"}), "timestamp is not a time"),
        (json.dumps({**VALID, "timestamp": 1704154000}), "timestamp is not a time"),
        (json.dumps({**VALID, "timestamp": "2031-05-05T10:00:00Z"}), "after the event was received"),
        (json.dumps({**VALID, "properties": {f"p{n}": 1 for n in range(300)}}), "more than 200 columns"),
        (json.dumps({**VALID, "event": "Order Completed", "properties": {"total": 1}}), "without an order_id"),
        (
            json.dumps({**VALID, "event": "Order Completed", "properties": {"order_id": "1", "products": "[{"}}),
            "products are not a list",
        ),
    ],
)
def test_what_is_no_event_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(NotValidError, match=reason):
        call(text)


def test_the_tables_of_the_models_are_there_whatever_arrived(warehouse: Warehouse) -> None:
    records = [Record("a", 1, json.dumps({**VALID, "type": "page", "properties": {"created_at": 5}}), {})]
    unpack(records, "ecommerce_raw", RUDDERSTACK, warehouse)
    with warehouse.connect() as connection:
        assert set(TABLES) <= connection.tables("ecommerce_raw")
        types = dict(
            connection.query(
                "select column_name, data_type from information_schema.columns where table_name = 'order_completed'"
            )
        )
    assert (types["order_id"], types["revenue"], types["products"]) == ("VARCHAR", "DOUBLE", "VARCHAR")


def test_the_sample_lands_whole_or_in_quarantine(warehouse: Warehouse) -> None:
    results = [unpack_new(shop(), warehouse, str(batch)) for batch in sorted(SAMPLE.glob("batch_*"))]

    lines = sum(_lines(path) for path in SAMPLE.rglob("*.gz"))
    landed = sum(result.landed for result in results)
    repeated = sum(result.repeated for result in results)
    reasons = sum((result.set_aside for result in results), Counter[str]())
    # 60 retries and 90 identical lines; one line is empty.
    assert (landed, repeated, reasons.total()) == (30_046, 150, 19)
    assert landed + repeated + reasons.total() + 1 == lines
    kinds: Counter[str] = Counter()
    for reason, count in reasons.items():
        kinds[reason.partition(":")[0]] += count
    assert kinds == {
        "a track call without an event": 4,
        "a whole request with a batch of events": 1,
        "an order whose products are not a list": 1,
        "an order without an order_id": 1,
        "neither userId nor anonymousId": 2,
        "no timestamp": 1,
        "originalTimestamp is not a time": 1,
        "properties is not an object": 1,
        "timestamp is after the event was received": 1,
        "type 'purchase' is none of track, identify, page, screen, group, alias": 1,
        "not valid JSON": 5,
    }
    with warehouse.connect() as connection:
        variants = connection.query(
            "select column_name from information_schema.columns where column_name like '%__v_%'"
        )
    assert [name for (name,) in variants if "__v_" in name] == []
    again = unpack_new(shop(), warehouse, str(SAMPLE / "batch_1"))
    assert (again.load_id, again.repeated) == (None, 0)
    assert again.unchanged_files > 0


def _lines(path: Path) -> int:
    with gzip.open(path, "rb") as lines:
        return sum(1 for _ in lines)
