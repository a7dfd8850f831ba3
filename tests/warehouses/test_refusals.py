"""What the stand-in refuses, rule by rule, each beside something of the same kind that Redshift runs."""

from __future__ import annotations

import pytest

from tests.warehouses.redshift_stand_in.translate import translate

REFUSED = [
    # unsupported_syntax
    ("select distinct on (a) a, b from t", "DISTINCT ON"),
    ("select count(*) filter (where a > 1) from t", "FILTER"),
    ("select * from t cross join lateral (select t.a) as b", "LATERAL"),
    ("insert into t (a) values (1) on conflict do nothing", "CONFLICT"),
    ("insert into t (a) values (1) returning a", "RETURNING"),
    ("delete from t where a = 1 returning a", "RETURNING"),
    ("select * from (values (1), (2)) as v", "VALUES"),
    ("select * from t where a is distinct from b", "DISTINCT"),
    ("create index i on t (a)", "INDEX"),
    ("create table t (a integer check (a > 0))", "CHECK"),
    ("select sum(a) over w from t window w as (partition by b)", "WINDOW"),
    # arrays
    ("select array[1, 2] from t", "Array constructors"),
    ("create table t (a integer[])", "Arrays"),
    ("select * from unnest(a)", "Arrays"),
    # unsupported_functions
    ("select string_agg(a, ',') from t", "function string_agg does not exist"),
    ("select array_agg(a) from t", "function array_agg does not exist"),
    ("select clock_timestamp()", "function clock_timestamp does not exist"),
    ("select format('%s', a) from t", "function format does not exist"),
    # leader_node_functions
    ("select now() from t", "now is of the leader node"),
    ("select * from t where a < current_timestamp", "current_timestamp is of the leader node"),
    ("insert into t select current_timestamp", "current_timestamp is of the leader node"),
    ("create table t as (select generate_series(1, 3) as n)", "generate_series is of the leader node"),
    ("select substr(a, 1) from t", "substr is of the leader node"),
    ("select age(a) from t", "age is of the leader node"),
    # window_frames
    ("select sum(a) over (partition by b order by c) from t", "require a frame clause"),
    ("select first_value(a) over (order by c) from t", "require a frame clause"),
    ("select sum(a) over (order by c range unbounded preceding) from t", "other than ROWS"),
    # correlated_subqueries
    (
        "select a.x from a where not exists (select 1 from b where not exists (select 1 from c where c.x = a.x))",
        "skips a level",
    ),
    ("select * from a left join b on a.x = b.x and b.y = (select max(c.y) from c where c.x = a.x)", "ON clause"),
    ("select * from a where a.x not in (select b.x from b where b.y = a.y)", "not in"),
    # subqueries_without_name
    ("select * from (select 1)", "must have an alias"),
    # booleans_as_text
    ("select cast(a = b as varchar(5)) from t", "cannot cast type boolean"),
    # long_texts
    ("select cast(a as varchar(65536)) from t", "cannot exceed 65535"),
    # identity_and_serial
    ("create table t (a serial)", 'type "serial" does not exist'),
    ("create table t (a jsonb)", 'type "jsonb" does not exist'),
    ("select cast(a as uuid) from t", 'type "uuid" does not exist'),
    # reserved_words
    ("select timestamp from t", 'at or near "timestamp"'),
    ("select a from t order by timestamp", 'at or near "timestamp"'),
    ("select a from tag", 'at or near "tag"'),
    ("create table t (open integer)", 'at or near "open"'),
    ('create table t ("xmin" integer)', "conflicts with a system column"),
    # refuse_keys
    ("create table t diststyle key distkey (a) compound sortkey (a, timestamp) as (select a from b)", '"timestamp"'),
    # what cannot be parsed at all
    ("select from where", "syntax error"),
]
RUN = [
    "select distinct a, b from t",
    "insert into t (a) values (1), (2)",
    "select listagg(a, ',') within group (order by a) from t",
    "select bool_or(a) from t",
    "select current_timestamp",
    "select nspname from pg_namespace where nspname = current_schema()",
    "select * from t where a < sysdate and b < getdate()",
    "select substring(a, 1, 8) from t",
    "select sum(a) over (partition by b order by c rows unbounded preceding) from t",
    "select sum(a) over (partition by b), row_number() over (order by c), lag(a) over (order by c) from t",
    "select * from a where exists (select 1 from b where b.x = a.x)",
    "select a.x, (select max(b.y) from b where b.x = a.x) as y from a",
    "select * from a where a.x not in (select b.x from b)",
    "select * from (select 1 as a) as b",
    "select cast(a as varchar(65535)) from t",
    'select "timestamp" from t order by "timestamp"',
    "select t.timestamp, t.a as timestamp from t",
    'create table t diststyle key distkey (a) compound sortkey (a, "timestamp") as (select a from b)',
    "select t.a, item, nr from (select a, json_parse(b) as items from c) as t, t.items as item at nr",
]


@pytest.mark.parametrize(("sql", "message"), REFUSED)
def test_it_refuses(sql: str, message: str) -> None:
    refused = translate(sql)
    assert refused.startswith("select stand_in_refuses("), refused
    assert message in refused


@pytest.mark.parametrize("sql", RUN)
def test_it_runs(sql: str) -> None:
    assert "stand_in_refuses" not in translate(sql)
