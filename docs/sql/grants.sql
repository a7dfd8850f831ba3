-- Who may do what, on PostgreSQL and Redshift: run once by an administrator, in the database of the warehouse.
-- Replace the names, the passwords and, for every bot and domain, the schemas. Raw input is for the pipeline alone.

-- The pipeline owns what it makes, and makes its schemas itself.
create user parley_pipeline password 'Replace-me-1';
grant create, temporary on database analytics to parley_pipeline;

-- Readers: dashboards and people.
create group parley_readers;
create user parley_dashboard password 'Replace-me-2' in group parley_readers;

-- One block for each schema of marts. Tables are made anew by a full refresh, so that readers get those to come as well.
create schema if not exists demo_bot_views authorization parley_pipeline;
grant usage on schema demo_bot_views to group parley_readers;
grant select on all tables in schema demo_bot_views to group parley_readers;
alter default privileges for user parley_pipeline in schema demo_bot_views
grant select on tables to group parley_readers;

-- On Redshift, where a mart is a view: the schema of the tables that it reads, and none of these.
create schema if not exists ecommerce_staging authorization parley_pipeline;
grant usage on schema ecommerce_staging to group parley_readers;
