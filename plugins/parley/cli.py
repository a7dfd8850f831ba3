"""The command line: `parley --help`."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from parley.errors import ParleyError, SchemaError
from parley.pipelines import PUBLISH_DAG_ID, get_pipeline, load_pipelines
from parley.warehouse import Kind, Warehouse

if TYPE_CHECKING:
    from parley.unpack import schema_files
    from parley.unpack.landing import Result

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
unpack_app = typer.Typer(no_args_is_help=True, help="Bring new input into a raw schema.")
app.add_typer(unpack_app, name="unpack")
schema_app = typer.Typer(no_args_is_help=True, help="The tables and columns of a raw schema, and its versions.")
app.add_typer(schema_app, name="schema")
console = Console(highlight=False)

Bot = Annotated[str, typer.Option("--bot", help="A file in dags/bots/, without its .yml.")]
FromStart = Annotated[
    bool,
    typer.Option(help="Read files that have landed too, and a tracker store from its first event."),
]
Strict = Annotated[bool, typer.Option(help="Land nothing, and exit with 1, when a record is bad.")]
SchemaName = Annotated[str, typer.Argument(help="A raw schema, or a pipeline: a bot, ecommerce or support.")]
Dialect = Annotated[Kind | None, typer.Option(help="Whose types and SQL; else those of the warehouse.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Where Airflow's UI listens, on this machine only.")]


@unpack_app.command("rasa")
def unpack_rasa(
    source: Annotated[
        str | None,
        typer.Argument(
            help="A file or folder of events or tracker dumps, NDJSON or JSON, here or at a URL such as s3://bucket/bot;"
            " or the SQLAlchemy URL of a tracker store; else the bot's own."
        ),
    ] = None,
    bot: Bot = "demo_bot",
    strict: Strict = False,
    from_start: FromStart = False,
) -> None:
    """Unpack Rasa tracker events: what has not landed yet becomes one load."""
    _unpack(bot, source, strict, from_start)


@unpack_app.command("rudderstack")
def unpack_rudderstack(
    source: Annotated[
        str | None,
        typer.Argument(
            help="A file or folder of RudderStack events, NDJSON or JSON, here or at a URL; else ECOMMERCE_SOURCE."
        ),
    ] = None,
    strict: Strict = False,
    from_start: FromStart = False,
) -> None:
    """Unpack RudderStack events into RudderStack's warehouse tables: what has not landed yet becomes one load."""
    _unpack("ecommerce", source, strict, from_start)


@unpack_app.command("support")
def unpack_support(
    source: Annotated[
        str | None,
        typer.Argument(
            help="A file or folder of CSV or JSON, here or at a URL: conversation_events*, users*, agents*, tags*; else"
            " SUPPORT_SOURCE."
        ),
    ] = None,
    strict: Strict = False,
    from_start: FromStart = False,
) -> None:
    """Unpack a support desk's exports: what has not landed yet becomes one load."""
    _unpack("support", source, strict, from_start)


@unpack_app.command("model")
def unpack_model(
    source: Annotated[
        str | None,
        typer.Argument(
            help="The folder of a Rasa project, a model archive (.tar.gz) or a folder of these; else the bot's own."
        ),
    ] = None,
    bot: Bot = "demo_bot",
    strict: Strict = False,
) -> None:
    """Unpack a bot's models, their domains, stories and rules: those that have not landed yet become one load."""
    from parley.unpack.domains import unpack_new_models

    pipeline = get_pipeline(bot)
    result = unpack_new_models(pipeline, Warehouse.from_env(), source, strict=strict)
    _print_result(result, pipeline.model_schema)


def _unpack(name: str, source: str | None, strict: bool, from_start: bool) -> None:
    from parley.unpack.domains import unpack_new

    pipeline = get_pipeline(name)
    result = unpack_new(pipeline, Warehouse.from_env(), source, strict=strict, from_start=from_start)
    _print_result(result, pipeline.raw_schema)


def _print_result(result: Result, schema: str) -> None:
    if result.load_id is None:
        console.print(f"Nothing new: {result.repeated} records have landed before.")
    else:
        repeated = f", {result.repeated} had landed before" if result.repeated else ""
        console.print(f"Load {result.load_id} of {schema}: {result.landed} records landed{repeated}.")
    if result.unchanged_files:
        console.print(f"{result.unchanged_files} files have landed and not changed since: they were not read.")
    if result.set_aside:
        console.print(f"{result.set_aside.total()} records set aside in {schema}.quarantine:")
        for reason, count in result.set_aside.most_common(5):
            console.print(f"  {count} x {reason}")


@schema_app.command("versions")
def schema_versions(name: SchemaName) -> None:
    """List the versions that a raw schema has had, the oldest first, with the start of their hashes."""
    table = Table("version", "hash", "stored (UTC)", "tables")
    for version in _versions(name):
        tables = str(len(version.content["tables"]))
        table.add_row(str(version.number), version.hash[:12], f"{version.stored_at:%Y-%m-%d %H:%M:%S}", tables)
    console.print(table)


@schema_app.command("export")
def schema_export(
    name: SchemaName,
    file_format: Annotated[
        Literal["dbt", "json"], typer.Option("--format", help="dbt: a sources file; json: the schema itself.")
    ],
    version: Annotated[str, typer.Option(help="Its number or hash; else the newest.")] = "",
    dialect: Dialect = None,
) -> None:
    """Write a raw schema to the standard output, as sources of dbt or as dlt's own JSON."""
    import json

    from parley.unpack import schema_files

    known = _versions(name)
    chosen = schema_files.find(known, version) if version else known[-1]
    if file_format == "json":
        typer.echo(json.dumps(chosen.content, indent=2, ensure_ascii=False))
    else:
        kind = dialect or Warehouse.from_env().kind
        typer.echo(schema_files.sources(chosen, schema_files.raw_schema(name), kind), nl=False)


@schema_app.command("diff")
def schema_diff(
    old: Annotated[str, typer.Argument(metavar="V1", help="Number or hash of a version; 0 is the empty schema.")],
    new: Annotated[str, typer.Argument(metavar="V2", help="Number or hash of a version.")],
    name: Annotated[str, typer.Option("--schema", help="A raw schema, or a pipeline.")] = "demo_bot",
    dialect: Dialect = None,
) -> None:
    """Print the SQL that brings a raw schema from one version to another. It only adds."""
    from parley.unpack import schema_files

    kind = dialect or Warehouse.from_env().kind
    migration = schema_files.migration(_versions(name), old, new, schema_files.raw_schema(name), kind)
    typer.echo(str(migration))
    if migration.not_additions:
        raise SchemaError(
            f"{len(migration.not_additions)} differences cannot be made by adding: they are comments in the SQL."
        )


def _versions(name: str) -> list[schema_files.Version]:
    from parley.unpack import schema_files

    warehouse = Warehouse.from_env()
    if not warehouse.exists():
        raise SchemaError(f"There is no {warehouse} yet. `parley unpack` makes it.")
    with warehouse.connect(read_only=True) as connection:
        return schema_files.versions(connection, schema_files.raw_schema(name))


@app.command()
def loads(
    name: Annotated[str | None, typer.Argument(help="A bot, ecommerce or support; else all.")] = None,
) -> None:
    """List the loads: when each arrived, and when a run finished it."""
    table = Table("pipeline", "load", "arrived (UTC)", "done (UTC)")
    warehouse = Warehouse.from_env()
    pipelines = [get_pipeline(name)] if name else load_pipelines()
    if warehouse.exists():
        with warehouse.connect(read_only=True) as connection:
            for pipeline in pipelines:
                for load in pipeline.ledger.loads(connection):
                    done = f"{load.done_at:%Y-%m-%d %H:%M:%S}" if load.done_at else "new"
                    table.add_row(pipeline.name, load.load_id, f"{load.arrived_at:%Y-%m-%d %H:%M:%S}", done)
    console.print(table if table.row_count else "There are no loads yet. `parley unpack` makes one.")


@app.command()
def deps() -> None:
    """Install the packages of the dbt project, from dbt's hub if it can be reached."""
    from parley import packages

    console.print(f"dbt's packages: {packages.install()}")


@app.command()
def manifest() -> None:
    """Parse the dbt project for every pipeline: the DAGs are drawn from the manifests."""
    from parley.dbt import write_manifests

    pipelines = load_pipelines()
    for pipeline, path in zip(pipelines, write_manifests(pipelines), strict=True):
        console.print(f"{pipeline.name}: {path.name} written")


@app.command()
def publish() -> None:
    """Refresh what the pages Loads and Dashboard show, as the DAG publish does."""
    from parley.publish import extracts

    for name in extracts():
        console.print(f"{name}: published")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def airflow(context: typer.Context) -> None:
    """Run an Airflow command in Parley's environment: `parley airflow dags list`."""
    from parley.services import DEFAULT_PORT, airflow_env

    sys.stdout.flush()
    os.execvpe("airflow", ["airflow", *context.args], airflow_env(DEFAULT_PORT))


@app.command()
def clean(days: Annotated[int, typer.Option(min=1, max=36500, help="How old what goes is.")] = 90) -> None:
    """Delete what Airflow keeps of old runs: its rows about them, and their logs. No load and no table is touched."""
    from parley import cleaning

    deleted = cleaning.clean(days)
    console.print(f"What Airflow's database had of more than {days} days ago is gone, and {deleted} log files.")


@app.command()
def up(port: Port = 8080) -> None:
    """Start Airflow with its UI and every DAG switched on, until Ctrl-C."""
    from parley import services

    services.check_port(port)
    manifest()
    console.print("Starting Airflow ...")
    services.prepare(port)
    with services.running(port) as airflow:
        for pipeline in load_pipelines():
            for dag_id in (*([pipeline.unpack_dag_id] if pipeline.source else []), pipeline.dag_id):
                airflow.wait_for_dag(dag_id)
                airflow.unpause(dag_id)
        airflow.wait_for_dag(PUBLISH_DAG_ID)
        airflow.unpause(PUBLISH_DAG_ID)
        console.print(f"Airflow is at {airflow.url}: user admin, password {airflow.password}. Ctrl-C stops it.")
        with suppress(KeyboardInterrupt):
            airflow.wait()
        console.print("Stopping Airflow ...")


@app.command()
def demo() -> None:
    """The samples of the three domains through Airflow, the conversations in two loads, and what came of them."""
    from parley.demo import run

    try:
        run(console)
    except KeyboardInterrupt:
        console.print("Stopped. `make demo` goes on from here: what has landed waits, and no load is counted twice.")
        raise


def main() -> None:
    """The console script: errors that the user can mend are printed without a traceback."""
    # Whoever ends us, the processes that we have started end too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        app()
    except ParleyError as error:
        Console(stderr=True, highlight=False).print(f"[bold red]Error:[/] {escape(str(error))}")
        sys.exit(1)
