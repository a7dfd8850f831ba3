"""Events with an odd form: where a value is, how it is written, and where a visit comes from."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from dbt.adapters.cache import RelationsCache
from ecommerce_project import RAW, Shop

Event = dict[str, Any]

SEED_AND_RUN = ["build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]


def event(message_id: str, kind: str = "page", second: int = 0, **content: Any) -> Event:
    return {
        "type": kind,
        "channel": "web",
        "messageId": message_id,
        "anonymousId": f"device of {message_id}",
        "timestamp": f"2024-01-10T10:00:{second:02}.000Z",
        "receivedAt": "2024-01-10T10:01:00.000Z",
        "context": {},
        **content,
    }


def page(message_id: str, url: str, referring_domain: str = "", **content: Any) -> Event:
    properties = {"url": url, "referrer": f"https://{referring_domain}/", "referring_domain": referring_domain}
    return event(message_id, properties=properties, **content)


def test_a_click_id_is_a_parameter_of_that_very_name(shop: Shop) -> None:
    shop.land(
        [
            page("first", "https://www.shop.example/p?gclid=x&a=1"),
            page("later", "https://www.shop.example/p?a=1&gclid=x#top"),
            page("other", "https://www.shop.example/p?ngclid=x"),
            page("none", "https://www.shop.example/gclid=x"),
            event("context", properties={}, context={"page": {"url": "https://www.shop.example/p?gclid=x"}}),
        ]
    )
    shop.dbt("run", "-s", "ecommerce_load_ids", "stg_ecommerce__pages")
    found = dict(shop.query("select event_id, gclid from ecommerce_staging.stg_ecommerce__pages"))
    assert found == {"first": "x", "later": "x", "other": None, "none": None, "context": "x"}


def test_a_number_in_a_text(shop: Shop) -> None:
    written = {"12": 12, "+1.5": 1.5, ".5": 0.5, "-.25": -0.25, "3.": 3, ".": None, "1,5": None, "1e3": None}
    written |= {"999999999999.99999": 10**12, "1000000000000": None}
    lines = [{"product_id": text, "price": text} for text in written]
    properties = {"order_id": "o1", "total": 1, "currency": "USD", "products": lines}
    shop.land([event("order", "track", event="Order Completed", properties=properties)])
    shop.dbt("run", "-s", "ecommerce_load_ids", "stg_ecommerce__orders", "stg_ecommerce__order_items")
    assert dict(shop.query("select product_id, price from ecommerce_staging.stg_ecommerce__order_items")) == written


def test_a_trait_that_is_true_or_false_is_read_by_no_cast(shop: Shop) -> None:
    """Redshift casts no boolean to a text."""
    traits = {"yes": {"is_active_on_website": True}, "no": {"is_active_on_website": False}, "unknown": {}}
    shop.land([event(name, "identify", userId=name, context={"traits": told}) for name, told in traits.items()])
    shop.dbt("run", "-s", "ecommerce_load_ids", "stg_ecommerce__identifies")
    found = dict(shop.query("select event_id, is_active_on_website from ecommerce_staging.stg_ecommerce__identifies"))
    assert found == {"yes": True, "no": False, "unknown": None}
    [[view]] = shop.query("select sql from duckdb_views() where view_name = 'stg_ecommerce__identifies'")
    assert not re.search(r"cast\(\W*is_active_on_website", view, re.IGNORECASE)


def test_a_birthday_is_a_day_in_utc_whatever_the_zone_of_the_session(shop: Shop) -> None:
    told = {"day": "1990-02-28", "time": "1990-02-28T00:00:00Z", "none": "soon"}
    traits = {name: {"birthday": birthday} for name, birthday in told.items()}
    shop.land([event(name, "identify", userId=name, context={"traits": each}) for name, each in traits.items()])
    with shop.connection() as connection:
        # As where RudderStack writes the tables, which makes a column of times of it.
        a_time = "timestamptz using try_cast(birthday as timestamptz)"
        connection.query(f"alter table ecommerce_raw.identifies alter birthday type {a_time}")
    shop.dbt("run", "-s", "ecommerce_load_ids", "stg_ecommerce__identifies")
    with shop.connection() as connection:
        connection.query("set global timezone = 'America/New_York'")
        found = dict(connection.query("select event_id, birthday from ecommerce_staging.stg_ecommerce__identifies"))
    assert found == {"day": date(1990, 2, 28), "time": date(1990, 2, 28), "none": None}


def order(order_id: str, day: str, currency: str, total: float, *products: Any) -> Event:
    properties = {"order_id": order_id, "total": total, "currency": currency, "products": products}
    times = {"timestamp": f"{day}T10:00:00.000Z", "receivedAt": f"{day}T10:01:00.000Z"}
    return event(order_id, "track", event="Order Completed", properties=properties, **times)


def test_amounts_are_converted_to_the_cent(shop: Shop) -> None:
    """Half a cent up: 270 x 1.0795 is 291.465, 1.15 x 1.1 is 1.265."""
    shop.land([order("o1", "2024-02-15", "EUR", 270), order("o2", "2023-05-15", "EUR", 1.15)])
    shop.dbt(*SEED_AND_RUN, "-s", "+int_ecommerce__orders")
    found = dict(shop.query("select order_id, total_reporting from ecommerce_staging.int_ecommerce__orders"))
    assert found == {"o1": Decimal("291.47"), "o2": Decimal("1.27")}


def test_an_amount_that_is_too_large_is_none_and_stops_nothing(shop: Shop) -> None:
    line = {"product_id": "p", "price": 1_000_000_000, "quantity": 1_000_000_000}
    largest = 999_999_999_999
    shop.land(
        [
            order("line", "2024-02-15", "USD", 1, line),
            order("too large", "2024-02-15", "USD", 1e13),
            order("converted", "2024-02-15", "EUR", largest),
            *(order(f"sum {number}", "2024-02-15", "USD", largest) for number in range(120)),
            event("step", "track", event="Checkout Step Completed", properties={"step": 170_000_000_000}),
            event("old", "identify", userId="u1", context={"traits": {"birthday": "0000-01-01"}}),
        ]
    )
    shop.dbt(*SEED_AND_RUN, "-s", "+tag:ecommerce", "--exclude", "path:snapshots")
    assert shop.query("select amount, amount_reporting from ecommerce_staging.int_ecommerce__order_items") == [
        (None, None)
    ]
    by_order = "select revenue, revenue_reporting from ecommerce_staging.int_ecommerce__orders where order_id = "
    assert shop.query(f"{by_order} 'too large'") == [(None, None)]
    assert shop.query(f"{by_order} 'converted'") == [(largest, None)]
    total = "select revenue from ecommerce_marts.event_metrics_daily_by_currency where currency = 'USD'"
    assert shop.query(total) == [(120 * largest + 1,)]
    credited = "select sum(revenue) from ecommerce_marts.attribution_by_channel where attribution_model = 'linear'"
    assert shop.query(credited) == [(121 * largest + 1,)]
    assert shop.query("select step from ecommerce_staging.stg_ecommerce__checkout_steps") == [(170_000_000_000,)]
    assert shop.query("select birthday from ecommerce_staging.stg_ecommerce__identifies") == [(None,)]


def test_a_shops_other_hosts_are_not_where_somebody_came_from(shop: Shop) -> None:
    url = "https://www.shop.example/p"
    shop.land([page("blog", url, "blog.shop.example"), page("news", url, "news.example.net")])
    shop.dbt(*SEED_AND_RUN, "-s", "+int_ecommerce__sessions", own_hosts=["Blog.shop.example"])
    found = dict(shop.query("select substring(device_id, 13), channel from ecommerce_staging.int_ecommerce__sessions"))
    assert found == {"blog": "direct", "news": "referral"}


def test_where_somebody_came_from_is_told_by_the_referrer_where_its_domain_is_not(shop: Shop) -> None:
    url = "https://www.shop.example"
    shop.land(
        [
            event("search", properties={"url": f"{url}/p", "referrer": "https://News.example.net/?q=1"}),
            event("context", properties={}, context={"page": {"url": url, "referrer": "https://news.example.net"}}),
            event("own", properties={"url": f"{url}?a=1", "referrer": f"{url}/q"}),
            page("port", f"{url}:443/p", "www.shop.example"),
            event("typed", properties={"url": url, "referrer": "$direct"}),
        ]
    )
    shop.dbt(*SEED_AND_RUN, "-s", "+int_ecommerce__sessions")
    columns = "substring(device_id, 13), channel, referring_domain"
    assert set(shop.query(f"select {columns} from ecommerce_staging.int_ecommerce__sessions")) == {
        ("search", "referral", "news.example.net"),
        ("context", "referral", "news.example.net"),
        ("own", "direct", None),
        ("port", "direct", None),
        ("typed", "direct", None),
    }


def test_a_table_of_which_dbt_does_not_know_yet_is_not_missing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when another thread has noted but one of the raw tables: of one that may be missing nothing would be read."""
    refund = {"order_id": "o1", "total": 1, "currency": "USD"}
    shop.land(
        [page("p1", "https://www.shop.example/"), event("r1", "track", event="Order Refunded", properties=refund)]
    )
    add = RelationsCache.add

    def add_but_one(self: RelationsCache, relation: Any) -> None:
        if relation.schema != RAW or relation.identifier == "_loads":
            add(self, relation)

    monkeypatch.setattr(RelationsCache, "add", add_but_one)
    # One thread: the first model asks the warehouse, the second what was noted.
    models = ("stg_ecommerce__pages", "stg_ecommerce__refunds")
    shop.dbt("run", "--threads", "1", "-s", "ecommerce_load_ids", *models)
    for model, event_id in (("pages", "p1"), ("refunds", "r1")):
        assert shop.query(f"select event_id from ecommerce_staging.stg_ecommerce__{model}") == [(event_id,)]


def test_a_link_joins_chains_of_any_length(shop: Shop) -> None:
    """Each device is used by two neighbours. The one that comes last has the lowest label of all."""
    users = [f"u{number:03}" for number in range(101)]
    chain = [
        page(f"{user} {side}", "https://www.shop.example/", anonymousId=f"device {number:03}", userId=user)
        for number in range(100)
        for side, user in enumerate(users[number : number + 2])
    ]
    shop.land(chain)
    shop.dbt(*SEED_AND_RUN, "-s", "+int_ecommerce__identity_nodes", run_id="first")
    shop.mark("first")
    shop.land([page("last", "https://www.shop.example/", anonymousId="at last", userId=users[-1])])
    for verb in (["run"], ["run", "--full-refresh"]):
        shop.dbt(*verb, "-s", "+int_ecommerce__identity_nodes", run_id=" ".join(verb))
        counts = "select count(*), count(distinct component), min(component)"
        found = shop.query(f"{counts} from ecommerce_staging.int_ecommerce__identity_nodes")
        assert found == [(202, 1, "a:at last")]
