"""Histories of any length for the shop, real in shape: the sample events, multiplied.

The sample is unpacked by the real engine and then multiplied by SQL in DuckDB. Every copy has visitors, users, orders
and ids of its own. Copies begin on different days, so that a history covers about a year.
"""

from __future__ import annotations

from pathlib import Path

from parley import settings
from parley.pipelines import shop
from parley.unpack.domains import unpack_new
from parley.warehouse import Connection, Warehouse

RAW = shop().raw_schema
SAMPLE = settings.ROOT / "sample_data" / "ecommerce"
SAMPLE_TRACKS = 15_853
NEW_EVENTS = 4_000
COPIES_A_LOAD = 20
DAYS = 300

ROOTS = ("tracks", "identifies", "pages", "screens")
# What the models read: of track events the tables of their own too.
TABLES = (*ROOTS, "product_added", "checkout_step_completed", "order_completed", "order_refunded")

# How a row of the sample becomes one of a copy. `days` later the same visitors come back.
_OF_COPY = ("anonymous_id", "user_id")
_OF_VISIT = ("id", "_record_hash", "_root_hash", "order_id", "checkout_id", "cart_id", "context_session_id")
_TIMES = ("timestamp", "original_timestamp", "sent_at", "received_at")
REPLACED = {
    **{column: f"{column} || '-' || copy" for column in _OF_COPY},
    **{column: f"{column} || '-' || copy || '-' || days" for column in _OF_VISIT},
    **{column: f"{column} + interval 1 day * (days + copy % {DAYS})" for column in _TIMES},
    # Or all copies of an address would be one person.
    **{column: f"copy || '.' || {column}" for column in ("email", "context_traits_email")},
}


def land_history(path: Path, tracks: int) -> int:
    """Make a raw schema with about so many track events, in loads.

    Returns:
        how many there are.
    """
    copies = round(tracks / SAMPLE_TRACKS)
    unpack_new(shop(), Warehouse("duckdb", path=path), str(SAMPLE))
    with Warehouse("duckdb", path=path).connect() as connection:
        for first in range(1, copies, COPIES_A_LOAD):
            last = min(first + COPIES_A_LOAD, copies)
            of_all = f"select id, copy, 0 as days from sample, range({first}, {last}) as copies(copy)"
            _land(connection, of_all, f"history {first}")
        [[landed]] = connection.query(f"select count(*) from {RAW}.tracks")
    return int(landed)


def land_new(path: Path, tracks: int) -> None:
    """Land one load of `NEW_EVENTS` on a history of that size: a quarter of it by visitors who come back."""
    copies = round(tracks / SAMPLE_TRACKS)
    returning = NEW_EVENTS // 4
    picks = f"""
        select id, {copies} as copy, 0 as days
        from sample
        qualify row_number() over (order by anonymous_id, id) <= {NEW_EVENTS - returning}
        union all
        select id, 1 + dense_rank() over (order by anonymous_id) % {max(copies - 1, 1)} as copy, 30 as days
        from sample
        qualify row_number() over (order by anonymous_id desc, id) <= {returning}
    """
    with Warehouse("duckdb", path=path).connect() as connection:
        _land(connection, picks, "new")


def _land(connection: Connection, picks: str, load_id: str) -> None:
    """Add copies of the sample's events as one load.

    Args:
        picks: query of `id`, `copy` and `days` over `sample`.
    """
    [[first_load]] = connection.query(f"select min(load_id) from {RAW}._loads where load_id not like 'history%%'")
    sample = " union all ".join(
        f"select id, anonymous_id from {RAW}.{root} where _load_id = '{first_load}'" for root in ROOTS
    )
    for table in TABLES:
        [[columns]] = connection.query(
            "select list(column_name) from information_schema.columns where table_schema = %s and table_name = %s",
            [RAW, table],
        )
        replaced = ", ".join(f"{sql} as {name}" for name, sql in REPLACED.items() if name in columns)
        connection.query(f"""
            insert into {RAW}.{table} by name
            with sample as ({sample}), picks as ({picks})
            select landed.* replace ({replaced}, '{load_id}' as _load_id)
            from {RAW}.{table} as landed inner join picks using (id)
            where landed._load_id = '{first_load}'
        """)
    connection.query(
        f"insert into {RAW}._loads select '{load_id}', schema_name, 0, current_timestamp, schema_version_hash "
        f"from {RAW}._loads where load_id = '{first_load}' and status = 0"
    )
