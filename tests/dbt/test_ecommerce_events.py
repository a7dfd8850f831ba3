"""Events with an odd form: where a value is, how it is written, and where a visit comes from."""

from __future__ import annotations

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
    lines = [{"product_id": text, "price": text} for text in written]
    properties = {"order_id": "o1", "total": 1, "currency": "USD", "products": lines}
    shop.land([event("order", "track", event="Order Completed", properties=properties)])
    shop.dbt("run", "-s", "ecommerce_load_ids", "stg_ecommerce__orders", "stg_ecommerce__order_items")
    assert dict(shop.query("select product_id, price from ecommerce_staging.stg_ecommerce__order_items")) == written


def test_a_shops_other_hosts_are_not_where_somebody_came_from(shop: Shop) -> None:
    url = "https://www.shop.example/p"
    shop.land([page("blog", url, "blog.shop.example"), page("news", url, "news.example.net")])
    shop.dbt(*SEED_AND_RUN, "-s", "+int_ecommerce__sessions", own_hosts=["Blog.shop.example"])
    found = dict(shop.query("select substring(device_id, 13), channel from ecommerce_staging.int_ecommerce__sessions"))
    assert found == {"blog": "direct", "news": "referral"}


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
        found = shop.query(
            "select count(*), count(distinct component), min(component) from ecommerce_staging.int_ecommerce__identity_nodes"
        )
        assert found == [(202, 1, "a:at last")]
