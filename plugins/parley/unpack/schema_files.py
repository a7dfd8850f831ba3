"""The schema of a raw schema as a file: dbt's sources, dlt's own JSON, and the SQL from one version of it to another.

dlt keeps every version in `_versions`. The types and the statements are those of dlt's clients, the same that make the
tables when a load comes.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import dlt
import duckdb
import yaml
from dlt.common.schema.typing import TTableSchemaColumns
from jinja2 import Template

from parley import settings
from parley.errors import SchemaError
from parley.pipelines import load_pipelines
from parley.unpack.naming import SYSTEM_NAMES
from parley.warehouse import Connection, Kind

VERSIONS = SYSTEM_NAMES["_dlt_version"]
EMPTY = ("0", "empty")

# What every raw schema has, in the words of docs/architecture.md.
TABLES = {
    "_loads": "The ledger of loads. Status 0 when all of a load is in, status 1 when a run has made its tables.",
    "_versions": "Every version that this schema has had.",
    "_pipeline_state": "What the unpacking engine remembers.",
    "quarantine": "Records that were set aside, and why.",
    "positions": "How far each tracker store was read, after each load.",
    "files": "The files that have been read, and as they were then.",
}
COLUMNS = {
    "_record_hash": "Unique id of the row, from its content and place.",
    "_root_hash": "Id of the top-level row; the same as _record_hash there.",
    "_parent_hash": "Id of the row whose list it is from.",
    "_pos": "Position in the list it is from, from 0; of a top-level row, in its sequence.",
    "_timestamp": "Time of the top-level row.",
    "_dist_key": "Sender id of the top-level row.",
    "_load_id": "The load that brought the row.",
}


@dataclass(frozen=True)
class Version:
    """A version of a raw schema.

    Attributes:
        number: counts up with the changes; only some of them are stored.
        hash: of its content.
        content: the schema, as dlt writes it.
    """

    number: int
    hash: str
    stored_at: datetime
    content: dict[str, Any]

    def schema(self) -> dlt.Schema:
        return dlt.Schema.from_dict(json.loads(json.dumps(self.content)))


@dataclass(frozen=True)
class Migration:
    """The way from one version to another.

    Attributes:
        statements: SQL that only adds, in order, without semicolons.
        not_additions: what is different and cannot be brought about by adding.
    """

    statements: list[str]
    not_additions: list[str]

    def __str__(self) -> str:
        """A script: what it cannot do is said in comments at its start."""
        lines = [f"-- not an addition: {line}" for line in self.not_additions]
        lines += [f"{statement.strip()};" for statement in self.statements]
        return "\n".join(lines or ["-- nothing to add"])


def raw_schema(name: str) -> str:
    """The raw schema that a pipeline, or the schema itself, is named by."""
    return {pipeline.name: pipeline.raw_schema for pipeline in load_pipelines()}.get(name, name)


def versions(connection: Connection, schema: str) -> list[Version]:
    """Every version of a raw schema, the oldest first.

    Raises:
        SchemaError: there is no such schema, or it was not made by `parley unpack`.
    """
    tables = connection.tables(schema)
    if VERSIONS not in tables:
        why = f"It has no table {VERSIONS}: `parley unpack` did not make it" if tables else "Nothing was unpacked there"
        raise SchemaError(f"There are no versions of the raw schema '{schema}'. {why}.")
    rows = connection.query(
        f'select version, version_hash, inserted_at, "schema" from {schema}.{VERSIONS} order by inserted_at, version'
    )
    return [Version(int(number), key, stored_at, _content(text)) for number, key, stored_at, text in rows]


def find(known: list[Version], name: str) -> Version:
    """The version of that number or hash; the start of a hash is enough.

    Raises:
        SchemaError: there is none, or more than one.
    """
    if name.isdigit():
        found = [version for version in known if version.number == int(name)]
    else:
        found = [version for version in known if version.hash.startswith(name)]
    if len(found) == 1:
        return found[0]
    there_are = ", ".join(f"{version.number} ({version.hash})" for version in known)
    if found:
        raise SchemaError(f"More than one version is called '{name}': name one by its hash. There are: {there_are}.")
    raise SchemaError(f"There is no version '{name}'. There are: {there_are}; 0 is the empty schema.")


def migration(known: list[Version], old: str, new: str, schema: str, dialect: Kind) -> Migration:
    """What brings a raw schema from one version to another.

    Args:
        old: number or hash of the version; `0` or `empty` is the schema before it had any table.
        new: likewise, but never empty.
        schema: the name that the statements give to the raw schema.
    """
    is_empty = old in EMPTY
    before = {} if is_empty else _columns(find(known, old).schema())
    target = find(known, new).schema()
    after = _columns(target)
    client = _client(target, schema, dialect)
    # An addition may not ask for what rows that are there cannot have.
    for table in before.keys() & after.keys():
        for name in after[table].keys() - before[table].keys():
            target.tables[table]["columns"][name]["nullable"] = True
    statements, _ = client._build_schema_update_sql([(table, before.get(table, {})) for table in after])
    if is_empty:
        name = client.sql_client.fully_qualified_dataset_name()
        statements = [f"CREATE SCHEMA IF NOT EXISTS {name}", *statements]
    return Migration(statements, _not_additions(client, before, after))


def sources(version: Version, schema: str, dialect: Kind) -> str:
    """The sources file of a raw schema for dbt, with the types of a dialect.

    Descriptions are those of the project's own sources file of this schema, else of the columns that all have.
    """
    made = version.schema()
    client = _client(made, schema, dialect)
    described = _described(schema)
    tables = []
    for table, columns in sorted(_columns(made).items()):
        words, column_words = described.get(table, ("", {}))
        prepared = client.prepare_load_table(table)
        entries = [
            _entry(
                name,
                column_words.get(name) or COLUMNS.get(name) or column.get("description"),
                data_type=client.type_mapper.to_destination_type(column, prepared),
            )
            for name, column in columns.items()
        ]
        tables.append(_entry(table, words or TABLES.get(table, ""), columns=entries))
    description = f"Raw tables as `parley unpack` lands them; version {version.number} of the schema."
    document = {"version": 2, "sources": [_entry(schema, description, schema=schema, tables=tables)]}
    return yaml.dump(document, Dumper=_Indented, sort_keys=False, allow_unicode=True, width=110)


def _entry(name: str, description: str | None, **more: Any) -> dict[str, Any]:
    return {"name": name, **({"description": description} if description else {}), **more}


class _Indented(yaml.SafeDumper):
    """Lists are indented below their key, as in the files of the project."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        del indentless
        super().increase_indent(flow, False)


def _content(text: str) -> dict[str, Any]:
    """A stored schema: JSON, packed where it would be too long for a column of the warehouse."""
    if not text.startswith("{"):
        text = zlib.decompress(base64.b64decode(text, validate=True)).decode()
    content: dict[str, Any] = json.loads(text)
    return content


def _columns(schema: dlt.Schema) -> dict[str, TTableSchemaColumns]:
    """The columns of each table that has some: dlt makes a table with the first of its columns whose type it knows."""
    tables = {name: dict(schema.get_table_columns(name)) for name in schema.tables}
    return {name: columns for name, columns in tables.items() if columns}


def _client(schema: dlt.Schema, name: str, dialect: Kind) -> Any:
    """dlt's client of a dialect. It is asked for SQL only and never connects."""
    if dialect == "duckdb":
        destination: Any = dlt.destinations.duckdb(duckdb.connect())
    else:
        destination = dlt.destinations.__dict__[dialect](f"{dialect}://nobody:unused@localhost/none")
    return destination.client(schema, destination.spec()._bind_dataset_name(name))


def _not_additions(
    client: Any, before: Mapping[str, TTableSchemaColumns], after: Mapping[str, TTableSchemaColumns]
) -> list[str]:
    found = []
    for table, columns in before.items():
        if table not in after:
            found.append(f"table {table} is gone")
            continue
        prepared = client.prepare_load_table(table)
        for name, column in columns.items():
            if name not in after[table]:
                found.append(f"column {table}.{name} is gone")
                continue
            old, new = (client.type_mapper.to_destination_type(c, prepared) for c in (column, after[table][name]))
            if old != new:
                found.append(f"column {table}.{name} was {old} and is {new}")
    return found


def _described(schema: str) -> dict[str, tuple[str, dict[str, str]]]:
    """By table, its description and those of its columns in the dbt project's sources of this raw schema."""
    described: dict[str, tuple[str, dict[str, str]]] = {}
    for pipeline in load_pipelines():
        for path in sorted((settings.DBT_PROJECT / "models" / pipeline.domain).rglob("_*__sources.yml")):
            for source in yaml.safe_load(path.read_text())["sources"]:
                if Template(source["schema"]).render(var=pipeline.dbt_vars.get) == schema:
                    for table in source["tables"]:
                        words = {column["name"]: _line(column) for column in table.get("columns", [])}
                        described[table["name"]] = (_line(table), words)
    return described


def _line(entry: Mapping[str, Any]) -> str:
    return " ".join(entry.get("description", "").split())
