"""Histories of any length for a bot, real in shape: the sample conversations, multiplied.

The sample is unpacked by the real engine and then multiplied by SQL in DuckDB. Every copy has senders, users and ids of
its own and is two hours later than the one before, so that the bot has 36,000 events a day.
"""

from __future__ import annotations

from pathlib import Path

from parley import settings
from parley.pipelines import get_pipeline
from parley.unpack.domains import unpack_new
from parley.warehouse import Connection, Warehouse

BOT = get_pipeline("demo_bot")
RAW = BOT.raw_schema

SAMPLE_EVENTS = 2_987
NEW_EVENTS = 4_000
COPIES_A_DAY = 12
COPIES_A_LOAD = 60

# How a row of the sample becomes one of a copy. `days` later the same senders go on.
REPLACED = {
    "sender_id": "sender_id || '-' || copy",
    "metadata__user_id": "metadata__user_id || '-' || copy",
    "_record_hash": "md5(_record_hash || '-' || copy || '-' || days)",
    "_root_hash": "md5(_root_hash || '-' || copy || '-' || days)",
    "_pos": "_pos + days * 1000",
    "timestamp": f"timestamp + interval 1 day * days + interval 1 day * copy / {COPIES_A_DAY}",
}


def land_history(path: Path, size: int) -> int:
    """Make a raw schema of about so many events, in loads of five days.

    Returns:
        how many events there are.
    """
    copies = round(size / SAMPLE_EVENTS)
    unpack_new(BOT, Warehouse("duckdb", path=path), str(settings.SAMPLE_CHAT))
    with Warehouse("duckdb", path=path).connect() as connection:
        for first in range(1, copies, COPIES_A_LOAD):
            last = min(first + COPIES_A_LOAD, copies)
            of_all = f"select _record_hash, copy, 0 as days from sample, range({first}, {last}) as copies(copy)"
            _land(connection, of_all, f"history {first}")
        [[events]] = connection.query(f"select count(*) from {RAW}.event")
    return int(events)


def land_new(path: Path, size: int) -> None:
    """Land one load of `NEW_EVENTS` on a history of that size: the same whatever the size.

    It is a copy of the sample with new senders, and more events of senders of the last day.
    """
    copies = round(size / SAMPLE_EVENTS)
    picks = f"""
        select _record_hash, {copies} as copy, 0 as days from sample
        union all
        select
            _record_hash,
            {copies - 1} - dense_rank() over (order by sender_id) % {COPIES_A_DAY - 1} as copy,
            30 as days
        from sample
        qualify row_number() over (order by sender_id, _pos) <= {NEW_EVENTS - SAMPLE_EVENTS}
    """
    with Warehouse("duckdb", path=path).connect() as connection:
        _land(connection, picks, "new")


def _land(connection: Connection, picks: str, load_id: str) -> None:
    """Add copies of the sample's events as one load.

    Args:
        picks: query of `_record_hash`, `copy` and `days` over `sample`.
    """
    [[first_load]] = connection.query(f"select min(load_id) from {RAW}._loads")
    tables = connection.query(
        "select table_name, list(column_name) from information_schema.columns where table_schema = %s "
        "group by all having list_contains(list(column_name), 'sender_id') order by table_name",
        [RAW],
    )
    for table, columns in tables:
        replaced = ", ".join(f"{sql} as {name}" for name, sql in REPLACED.items() if name in columns)
        connection.query(f"""
            insert into {RAW}.{table} by name
            with sample as (from {RAW}.event where _load_id = '{first_load}'), picks as ({picks})
            select landed.* replace ({replaced}, '{load_id}' as _load_id)
            from {RAW}.{table} as landed inner join picks using (_record_hash)
            where landed._load_id = '{first_load}'
            order by picks.days, picks.copy, landed.timestamp
        """)
    connection.query(
        f"insert into {RAW}._loads select '{load_id}', schema_name, 0, current_timestamp, schema_version_hash "
        f"from {RAW}._loads where load_id = '{first_load}' and status = 0"
    )
