-- What Redshift has and PostgreSQL has not, as far as dbt-redshift, redshift_connector, dlt and the models ask for it.
-- In pg_catalog, so that it is found without a schema, as on Redshift.

create function pg_catalog.stand_in_refuses(code text, message text) returns void
language plpgsql as $$ begin raise exception using errcode = code, message = message; end $$;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_GETDATE.html (whole seconds)
create function pg_catalog.getdate() returns timestamp
language sql stable as $$ select date_trunc('second', now() at time zone 'UTC') $$;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SYSDATE.html (start of the transaction, with microseconds)
create function pg_catalog.sysdate() returns timestamp
language sql stable as $$ select now() at time zone 'UTC' $$;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_DATEADD_function.html: a date becomes a timestamp.
create function pg_catalog.dateadd(part text, n bigint, moment timestamp) returns timestamp
language sql immutable as $$
    select moment + n * case part
        when 'quarter' then interval '3 months'
        else cast('1 ' || part as interval)
    end
$$;
create function pg_catalog.dateadd(part text, n bigint, moment timestamptz) returns timestamptz
language sql stable as $$ select pg_catalog.dateadd(part, n, moment at time zone 'UTC') at time zone 'UTC' $$;
create function pg_catalog.dateadd(part text, n bigint, moment date) returns timestamp
language sql immutable as $$ select pg_catalog.dateadd(part, n, cast(moment as timestamp)) $$;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_DATEDIFF_function.html: how many boundaries of the part are crossed.
create function pg_catalog.datediff(part text, earlier timestamp, later timestamp) returns bigint
language sql immutable as $$
    select cast(
        case
            when part in ('year', 'quarter', 'month')
                then (
                    (extract(year from later) - extract(year from earlier)) * 12
                    + extract(month from date_trunc(part, later)) - extract(month from date_trunc(part, earlier))
                ) / case part when 'year' then 12 when 'quarter' then 3 else 1 end
            else extract(epoch from date_trunc(part, later) - date_trunc(part, earlier))
                / extract(epoch from cast('1 ' || part as interval))
        end as bigint
    )
$$;
create function pg_catalog.datediff(part text, earlier timestamptz, later timestamptz) returns bigint
language sql stable as $$
    select pg_catalog.datediff(part, earlier at time zone 'UTC', later at time zone 'UTC')
$$;
create function pg_catalog.datediff(part text, earlier date, later date) returns bigint
language sql immutable as $$
    select pg_catalog.datediff(part, cast(earlier as timestamp), cast(later as timestamp))
$$;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_DATE_TRUNC.html: of a date, a timestamp without zone.
create function pg_catalog.date_trunc(part text, moment date) returns timestamp
language sql immutable as $$ select pg_catalog.date_trunc(part, cast(moment as timestamp)) $$;

-- https://docs.aws.amazon.com/redshift/latest/dg/IS_VALID_JSON_ARRAY.html
create function pg_catalog.is_valid_json_array(value varchar) returns boolean
language sql immutable as $$ select value is json array $$;

-- https://docs.aws.amazon.com/redshift/latest/dg/JSON_EXTRACT_PATH_TEXT.html (with null_if_invalid)
create function pg_catalog.json_extract_path_text(value varchar, field varchar, null_if_invalid boolean) returns varchar
language plpgsql immutable as $$
begin
    if null_if_invalid and value is not json then
        return null;
    end if;
    return cast(value as json) ->> field;
end
$$;

-- https://docs.aws.amazon.com/redshift/latest/dg/JSON_SERIALIZE.html
create function pg_catalog.json_serialize(value json) returns varchar
language sql immutable as $$ select cast(value as varchar) $$;

-- https://docs.aws.amazon.com/redshift/latest/dg/query-super.html: the items of a list are counted from 0.
create function pg_catalog.stand_in_items(items json) returns table (item json, item_index bigint)
language sql immutable as $$
    select value, ordinality - 1
    from pg_catalog.json_array_elements(items) with ordinality
$$;

-- https://docs.aws.amazon.com/redshift/latest/dg/PG_GET_LATE_BINDING_VIEW_COLS.html. Views are all bound here, so that
-- information_schema has their columns, and this has none.
create function pg_catalog.pg_get_late_binding_view_cols() returns setof record
language sql stable as $$
    select cast('' as name), cast('' as name), cast('' as name), cast('' as varchar), 0 where false
$$;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_EXTERNAL_COLUMNS.html
create view pg_catalog.svv_external_columns as
select
    cast('' as varchar) as schemaname,
    cast('' as varchar) as tablename,
    cast('' as varchar) as columnname,
    cast('' as varchar) as external_type,
    0 as columnnum
where false;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_REDSHIFT_SCHEMAS.html
create view pg_catalog.svv_redshift_schemas as
select
    cast(catalog_name as varchar(128)) as database_name,
    cast(schema_name as varchar(128)) as schema_name
from information_schema.schemata;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_TABLE_INFO.html
create view pg_catalog.svv_table_info as
select
    cast(current_database() as varchar) as database,
    cast(schemaname as varchar) as schema,
    cast(tablename as varchar) as "table",
    cast('Y' as varchar) as encoded,
    cast('AUTO(ALL)' as varchar) as diststyle,
    cast('AUTO(SORTKEY)' as varchar) as sortkey1,
    65535 as max_varchar,
    cast('none' as varchar) as sortkey1_enc,
    0 as sortkey_num,
    cast(1 as bigint) as size,
    cast(0 as numeric(10, 4)) as pct_used,
    cast(0 as numeric(5, 2)) as unsorted,
    cast(0 as numeric(5, 2)) as stats_off,
    cast(0 as numeric(38, 0)) as tbl_rows,
    cast(null as numeric(19, 2)) as skew_sortkey1,
    cast(null as numeric(19, 2)) as skew_rows
from pg_tables
where schemaname not in ('pg_catalog', 'information_schema');

grant select on pg_catalog.svv_external_columns, pg_catalog.svv_redshift_schemas, pg_catalog.svv_table_info to public;
