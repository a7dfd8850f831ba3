"""Publishing: refresh what is read outside of the warehouse, the extracts of the pages and the dbt docs."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from parley import published
from parley.dbt import write_docs
from parley.errors import ParleyError
from parley.extracts import Counts, Extract, LoadFacts, Record, file_name, read_extract, write_extract
from parley.pipelines import Domain, Pipeline, working_pipelines
from parley.reasons import foremost
from parley.warehouse import Connection, Warehouse

log = logging.getLogger(__name__)

QUERIES = Path(__file__).parent / "queries"
# dbt's docs, among what is published.
DOCS = "docs/index.html"
QUARANTINE = "quarantine"
# What says how far sources were read is none of what was in them.
NO_ROWS = {QUARANTINE, "positions", "files", "read_exports"}
# The tables of a raw schema that have one row for each document of the input.
DOCUMENTS: dict[Domain, tuple[str, ...]] = {
    "chat": ("event",),
    "ecommerce": ("tracks", "identifies", "pages", "screens", "aliases", "groups"),
    "support": ("conversation_events", "users", "agents", "tags"),
}
# What is counted by one statement: raw schemas have dozens of tables, and a warehouse takes a while for each statement.
# Together below 32,767: no more parameters does Redshift's driver send.
TABLES_AT_A_TIME = 40
LOADS_AT_A_TIME = 500


def extracts() -> list[str]:
    """Refresh the extract of every pipeline; one that cannot be refreshed keeps the extract it has.

    Returns:
        the names of the pipelines.

    Raises:
        ParleyError: for the pipelines that could not be refreshed, when all others are.
        WarehouseBusyError: the warehouse was not free in time.
    """
    warehouse = Warehouse.from_env()
    if not warehouse.exists():
        log.info("%s is not there yet: there is nothing to publish", warehouse)
        return []
    failed: dict[str, Exception] = {}
    pipelines = working_pipelines()
    for pipeline in pipelines:
        # A connection each: others get their turn between two pipelines.
        with warehouse.connect(read_only=True) as connection:
            try:
                extract = make_extract(pipeline, connection)
            except Exception as error:
                log.exception("The extract of %s stays as it was", pipeline.name)
                failed[pipeline.name] = error
                continue
        write_extract(pipeline.name, extract)
        where = published.place(file_name(pipeline.name))
        log.info("%s: %d loads and %s, in %s", pipeline.name, len(extract.loads), sorted(extract.datasets), where)
        for name, why in sorted(extract.missing.items()):
            log.info("%s: without %s: %s", pipeline.name, name, why)
    if failed:
        reasons = "; ".join(f"{name}: {error}" for name, error in failed.items())
        raise ParleyError(f"These extracts stay as they were, the others are refreshed. {reasons}")
    return [pipeline.name for pipeline in pipelines]


def docs() -> str:
    """Refresh the dbt docs; those that were there before stay when dbt fails.

    Returns:
        where they are.

    Raises:
        ParleyError: dbt failed, with its message.
    """
    published.write(DOCS, write_docs().read_bytes())
    return published.place(DOCS)


def make_extract(pipeline: Pipeline, connection: Connection) -> Extract:
    """What the pages show of a pipeline, as it is now."""
    made_at = datetime.now(UTC)
    datasets: dict[str, list[Record]] = {}
    missing: dict[str, str] = {}
    marts = connection.tables(pipeline.marts_schema)
    for path in sorted((QUERIES / pipeline.domain).glob("*.sql")):
        sql = path.read_text()
        if absent := sorted(set(re.findall(r"\{marts\}\.(\w+)", sql)) - marts):
            tables = ", ".join(f"{pipeline.marts_schema}.{table}" for table in absent)
            missing[path.stem] = f"{tables} has not been built yet. The DAG {pipeline.dag_id} builds it."
        else:
            datasets[path.stem] = connection.records(sql.format(marts=pipeline.marts_schema))
    return Extract(made_at, _loads_with_counts(pipeline, connection), datasets, missing)


def read_loads(pipeline: Pipeline, connection: Connection) -> list[LoadFacts]:
    """The loads of a pipeline as they are now, with the counts that were published; cheap enough for a page."""
    extract = read_extract(pipeline.name)
    counts = {facts.load.load_id: facts.counts for facts in extract.loads} if extract else {}
    runs = pipeline.ledger.runs(connection)
    return [
        LoadFacts(load, tuple(runs.get(load.load_id, ())), counts.get(load.load_id))
        for load in pipeline.ledger.loads(connection)
    ]


def _loads_with_counts(pipeline: Pipeline, connection: Connection) -> list[LoadFacts]:
    """A complete load never changes, so only those that were not counted before are counted."""
    loads = read_loads(pipeline, connection)
    counts = _count(pipeline, connection, [facts.load.load_id for facts in loads if facts.counts is None])
    return [LoadFacts(facts.load, facts.run_ids, facts.counts or counts.get(facts.load.load_id)) for facts in loads]


def _count(pipeline: Pipeline, connection: Connection, load_ids: Sequence[str]) -> dict[str, Counts]:
    """The counts of the loads, by their ids; none where rows do not name their load, as in RudderStack's own tables."""
    schema = pipeline.raw_schema
    documents = dict.fromkeys(load_ids, 0)
    rows = dict.fromkeys(load_ids, 0)
    set_aside: dict[str, dict[str, int]] = {load_id: {} for load_id in load_ids}
    tables = [
        row[0]
        for row in connection.query(
            "select table_name from information_schema.columns where table_schema = %s and column_name = '_load_id'"
            " order by table_name",
            [schema],
        )
    ]
    if not tables:
        return {}
    for ids in _parts(load_ids, LOADS_AT_A_TIME):
        marks = ", ".join(["%s"] * len(ids))
        for some in _parts([table for table in tables if table not in NO_ROWS], TABLES_AT_A_TIME):
            union = " union all ".join(
                f"select cast('{table}' as varchar(127)), _load_id, count(*) from {schema}.\"{table}\""
                f" where _load_id in ({marks}) group by _load_id"
                for table in some
            )
            for table, load_id, number in connection.query(union, ids * len(some)):
                rows[load_id] += number
                if table in DOCUMENTS[pipeline.domain]:
                    documents[load_id] += number
        if QUARANTINE in tables:
            for load_id, reason, number in connection.query(
                f"select _load_id, reason, count(*) from {schema}.{QUARANTINE} where _load_id in ({marks})"
                " group by _load_id, reason order by _load_id, reason",
                ids,
            ):
                set_aside[load_id][reason or ""] = number
    return {load_id: Counts(documents[load_id], rows[load_id], foremost(set_aside[load_id])) for load_id in load_ids}


def _parts(items: Sequence[str], size: int) -> Iterator[list[str]]:
    """The items in parts that fit into one statement."""
    for start in range(0, len(items), size):
        yield list(items[start : start + size])
