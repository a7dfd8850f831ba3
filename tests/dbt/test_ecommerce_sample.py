"""What the sample holds on purpose, and how each of it comes out; lines that are no events are in tests/unpack."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from ecommerce_project import WITHOUT_PROFILE, Shop

from parley import settings


@pytest.fixture(scope="module")
def sample_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The two batches of the sample, one run on each."""
    folder = tmp_path_factory.mktemp("sample")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "STATE", folder / "state")
        patch.setenv("DLT_DATA_DIR", str(folder / "dlt"))
        shop = Shop(folder / "warehouse.duckdb")
        models = ["-s", "path:models/ecommerce", "path:seeds/ecommerce", *WITHOUT_PROFILE]
        for batch in ("batch_1", "batch_2"):
            assert shop.land_files(settings.ROOT / "sample_data" / "ecommerce" / batch)
            # With all data tests, those of warn severity too.
            shop.dbt("build", *models, "--exclude-resource-type", "unit_test", run_id=batch)
            assert len(shop.mark(batch)) == 1
        yield shop


def value(shop: Shop, sql: str) -> Any:
    [[found]] = shop.query(sql)
    return found


def test_every_event_that_landed_is_there_once(sample_shop: Shop) -> None:
    assert sample_shop.query(
        "select count(*), count(distinct event_id) from ecommerce_staging.int_ecommerce__events"
    ) == [(30_046, 30_046)]


def test_nobody_is_null_whatever_the_sdk_wrote(sample_shop: Shop) -> None:
    assert value(sample_shop, "select count(*) from ecommerce_staging.int_ecommerce__events where user_id = ''") == 0
    assert (
        value(sample_shop, "select count(*) from ecommerce_staging.stg_ecommerce__orders where user_id is null") == 99
    )


def test_every_refund_finds_its_order(sample_shop: Shop) -> None:
    assert sample_shop.query(
        "select count(*), count(orders.order_id) from ecommerce_staging.stg_ecommerce__refunds as refunds "
        "left join ecommerce_staging.stg_ecommerce__orders as orders on orders.order_id = refunds.order_id"
    ) == [(39, 39)]
    assert value(sample_shop, "select sum(refunds) from ecommerce_marts.event_metrics_daily_by_currency") == 39


def test_a_refund_is_no_visit(sample_shop: Shop) -> None:
    assert (
        value(sample_shop, "select count(*) from ecommerce_staging.int_ecommerce__sessions where platform = 'server'")
        == 0
    )


def test_one_source_in_two_spellings_is_one(sample_shop: Shop) -> None:
    sources = sample_shop.query(
        "select distinct utm_source from ecommerce_marts.web_sessions where utm_source is not null"
    )
    assert {source for (source,) in sources} == {"google", "facebook", "instagram", "newsletter"}


def test_direct_is_no_referrer(sample_shop: Shop) -> None:
    assert value(sample_shop, "select count(*) from ecommerce_marts.web_sessions where referrer = '$direct'") == 0
    assert value(sample_shop, "select count(*) from ecommerce_marts.web_sessions where channel = 'direct'") > 0


def test_coming_back_from_paying_begins_no_session_and_no_channel(sample_shop: Shop) -> None:
    pages = "ecommerce_staging.stg_ecommerce__pages"
    assert value(sample_shop, f"select count(*) from {pages} where referring_domain like '%paypal%'") == 73
    assert (
        value(sample_shop, "select count(*) from ecommerce_marts.web_sessions where referring_domain like '%paypal%'")
        == 0
    )
    assert value(sample_shop, "select count(*) from ecommerce_marts.web_sessions") == value(
        sample_shop, f"select count(distinct session_id) from {pages}"
    )


def test_session_ids_in_seconds_and_in_milliseconds_are_both_sessions(sample_shop: Shop) -> None:
    assert value(sample_shop, "select count(*) from ecommerce_staging.int_ecommerce__sessions") == value(
        sample_shop,
        "select count(distinct (device_id, sdk_session_id)) from ecommerce_staging.int_ecommerce__events "
        "where kind <> 'identify' and platform <> 'server'",
    )
    lengths = "select min(length_seconds), max(length_seconds) from ecommerce_staging.int_ecommerce__sessions"
    [(shortest, longest)] = sample_shop.query(lengths)
    assert 0 <= shortest < longest < 4 * 3600


def test_a_clock_that_is_off_does_not_count(sample_shop: Shop) -> None:
    times = "select min(occurred_at), max(occurred_at) from ecommerce_staging.int_ecommerce__events"
    [(first, last)] = sample_shop.query(times)
    assert datetime(2024, 1, 2) <= first < last < datetime(2024, 3, 2)
    off = "select count(*) from ecommerce_raw.pages where abs(epoch(sent_at - received_at)) > 300"
    assert value(sample_shop, off) > 0
    # Who sends refunds says when they happened, and the server when it got them.
    assert (
        value(
            sample_shop,
            "select count(*) from ecommerce_staging.stg_ecommerce__refunds as refunds "
            "inner join ecommerce_raw.order_refunded as landed on landed.id = refunds.event_id "
            "where refunds.occurred_at < (landed.original_timestamp at time zone 'UTC')",
        )
        == 39
    )


def test_late_events_count_on_their_own_day(sample_shop: Shop) -> None:
    late = "from ecommerce_raw.{} where received_at > timestamp + interval 1 hour"
    tables = ("tracks", "pages", "screens", "identifies")
    assert sum(value(sample_shop, f"select count(*) {late.format(table)}") for table in tables) > 1_000
    by_day = sample_shop.query(
        "select cast(occurred_at as date), count(*) from ecommerce_staging.int_ecommerce__events "
        "where kind <> 'identify' and platform <> 'server' group by all order by all"
    )
    assert (
        sample_shop.query("select activity_date, events_count from ecommerce_marts.event_metrics_daily order by all")
        == by_day
    )


def test_an_order_under_two_event_ids_counts_once(sample_shop: Shop) -> None:
    raw = "select count(*), count(distinct order_id) from ecommerce_raw.order_completed"
    [(events, orders)] = sample_shop.query(raw)
    assert events > orders
    assert value(sample_shop, "select sum(orders) from ecommerce_marts.event_metrics_daily") == orders
    assert value(sample_shop, "select count(*) from ecommerce_staging.stg_ecommerce__orders") == orders


def test_prices_as_text_and_product_ids_as_numbers_are_read(sample_shop: Shop) -> None:
    added = "from ecommerce_staging.stg_ecommerce__product_added"
    # One price is NaN.
    assert value(sample_shop, f"select count(*) {added} where price is null and currency is not null") == 1
    assert value(sample_shop, f"select count(*) {added} where not regexp_full_match(product_id, '1[0-9]{{3}}')") == 0
    assert (
        value(sample_shop, "select count(*) from ecommerce_staging.stg_ecommerce__order_items where price is null") == 0
    )


def test_the_amounts_of_an_order_fit_together(sample_shop: Shop) -> None:
    assert (
        value(
            sample_shop,
            "select count(*) from ecommerce_staging.stg_ecommerce__orders as orders inner join ("
            "select order_id, sum(price * quantity) as subtotal from ecommerce_staging.stg_ecommerce__order_items "
            "group by order_id) as items on items.order_id = orders.order_id "
            "where abs(items.subtotal - orders.subtotal) >= 0.01 "
            "or orders.revenue <> orders.subtotal - orders.discount "
            "or orders.total <> orders.revenue + orders.shipping + orders.tax",
        )
        == 0
    )


def test_currencies_are_kept_apart_or_converted(sample_shop: Shop) -> None:
    by_currency = dict(
        sample_shop.query(
            "select currency, sum(revenue) from ecommerce_marts.event_metrics_daily_by_currency group by currency"
        )
    )
    assert set(by_currency) == {"USD", "EUR", "GBP", "INR"}
    assert by_currency == dict(
        sample_shop.query(
            "select currency, sum(revenue) from ecommerce_staging.stg_ecommerce__orders group by currency"
        )
    )
    converted = value(sample_shop, "select sum(revenue) from ecommerce_marts.event_metrics_daily")
    rates = {"USD": 1, "EUR": 1.09, "GBP": 1.267, "INR": 0.01204}
    roughly = sum(float(amount) * rates[currency] for currency, amount in by_currency.items())
    assert float(converted) == pytest.approx(roughly, rel=0.01)


def test_traits_are_in_one_form(sample_shop: Shop) -> None:
    identifies = "from ecommerce_staging.stg_ecommerce__identifies"
    assert value(sample_shop, f"select count(*) {identifies} where country is null or state is null") == 0
    assert value(sample_shop, f"select count(*) {identifies} where email <> lower(email)") == 0
    methods = sample_shop.query("select distinct payment_method from ecommerce_staging.stg_ecommerce__orders")
    assert {method for (method,) in methods} == {"visa", "mastercard", "cod", "paypal", "wallet", "debit card"}


def test_users_of_a_shared_device_stay_two(sample_shop: Shop) -> None:
    users = "select count(*), count(distinct dbt_visitor_id), count(distinct component) from ecommerce_marts.id_graph"
    [(nodes, visitors, components)] = sample_shop.query(f"{users} where node_kind = 'user_id'")
    # Stitched fully they would be as many as there are components.
    assert (nodes, visitors) == (250, 250)
    assert components < visitors


def test_several_devices_of_a_user_are_one_visitor(sample_shop: Shop) -> None:
    several = (
        "select count(*) from (select dbt_visitor_id from ecommerce_marts.id_graph group by dbt_visitor_id "
        "having count(case when node_kind = 'anonymous_id' then 1 end) > 1)"
    )
    assert value(sample_shop, several) > 0


def test_a_second_run_without_new_loads_does_nothing(sample_shop: Shop) -> None:
    tables = (
        "ecommerce_marts.id_graph",
        "ecommerce_staging.int_ecommerce__sessions",
        "ecommerce_marts.attribution_credits",
    )
    before = [sample_shop.query(f"select * from {table} order by all") for table in tables]
    sample_shop.dbt("run", "-s", "path:models/ecommerce", *WITHOUT_PROFILE, run_id="nothing new")
    assert [sample_shop.query(f"select * from {table} order by all") for table in tables] == before
