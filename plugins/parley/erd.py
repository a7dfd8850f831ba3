"""The marts drawn: docs/<domain>_erd.md, and the overview of dbt docs, made from dbt's manifest.

    python -m parley.erd

Keys come from the `unique` and `expect_compound_columns_to_be_unique` tests, lines from the `relationships` tests.
Where a relationship leads to a column that is not unique it is followed to the next: every user of `senders` is one of
`sessions`, and so one of `users`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parley import settings
from parley.dbt import write_manifest
from parley.pipelines import get_pipeline

DBT_OVERVIEW = Path("dbt/models/_overview.md")
TYPES = {"date": ("_date", "_day", "_start"), "integer": ("_nr",), "timestamp": ("timestamp", "_at")}
MADE_BY = "Made by `make erd` from dbt/models; do not edit."

Column = tuple[str, str]
"""Model and column."""


@dataclass
class Schema:
    """What the manifest says of the models of a domain.

    Attributes:
        columns: of each model, with their descriptions.
        rows_of: the intermediate model whose rows a mart has, some or all, because both have its key.
    """

    domain: str
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)
    marts: list[str] = field(default_factory=list)
    unique: set[Column] = field(default_factory=set)
    unique_together: set[Column] = field(default_factory=set)
    never_null: set[Column] = field(default_factory=set)
    leads_to: dict[Column, Column] = field(default_factory=dict)
    rows_of: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any], domain: str) -> Schema:
        schema = cls(domain)
        nodes = manifest["nodes"]
        models = {key: node for key, node in nodes.items() if key.startswith("model.") and node["fqn"][1] == domain}
        for node in models.values():
            name = node["name"]
            schema.columns[name] = {key: _line(column["description"]) for key, column in node["columns"].items()}
            schema.descriptions[name] = _line(node["description"])
            if "marts" in node["fqn"]:
                schema.marts.append(name)
        schema.marts.sort()
        for node in nodes.values():
            if node.get("test_metadata") and node["attached_node"] in models:
                schema._read_test(models[node["attached_node"]]["name"], node["test_metadata"])
        for node in models.values():
            for parent in node["depends_on"]["nodes"]:
                if node["name"] in schema.marts and parent in models:
                    schema._read_parent(node["name"], models[parent]["name"])
        return schema

    def references(self) -> list[tuple[Column, Column]]:
        """Each column of a mart that names a row of another table, and the unique column it names it by."""
        found = []
        for mart in self.marts:
            for name in self.columns[mart]:
                target = self._target(mart, name)
                if target and target[0] in self.marts:
                    found.append(((mart, name), target))
        return found

    def _read_test(self, model: str, test: Mapping[str, Any]) -> None:
        arguments = test["kwargs"].get("arguments") or test["kwargs"]
        column = (model, _unquoted(test["kwargs"].get("column_name", "")))
        if test["name"] == "unique":
            self.unique.add(column)
        elif test["name"] == "expect_compound_columns_to_be_unique":
            self.unique_together |= {(model, _unquoted(name)) for name in arguments["column_list"]}
        elif test["name"] == "never_null":
            self.never_null |= {(model, name) for name in arguments["columns"]}
        elif test["name"] == "relationships":
            self.leads_to[column] = (arguments["to"].split("'")[1], _unquoted(arguments["field"]))

    def _read_parent(self, mart: str, parent: str) -> None:
        keys = {column for model, column in self.unique if model == parent}
        if parent not in self.marts and any((mart, key) in self.unique for key in keys):
            self.rows_of[mart] = parent

    def _target(self, mart: str, name: str) -> Column | None:
        target = self.leads_to.get((mart, name))
        if target is None or target[0] not in self.marts:
            target = self.leads_to.get((self.rows_of.get(mart, ""), name))
        while target is not None and target not in self.unique:
            target = self.leads_to.get(target)
        return target


def _unquoted(column: str) -> str:
    """The name of a column, which a test has in quotes where it is a reserved word of a warehouse."""
    return column.strip('"')


def domains() -> list[str]:
    """The domains of the dbt project that have marts, in alphabetical order."""
    return sorted(path.parent.name for path in (settings.DBT_PROJECT / "models").glob("*/marts"))


def page_path(domain: str) -> Path:
    """Where the page of a domain is, from the project's root."""
    return Path("docs") / f"{domain}_erd.md"


def page(schema: Schema) -> str:
    """The page of a domain: the diagram, then every table with its columns."""
    references = dict(schema.references())
    lines = [f"# {schema.domain.title()}: the tables and their keys", "", MADE_BY]
    lines += [f"What the tables are for is in [{schema.domain}.md]({schema.domain}.md).", ""]
    lines += ["```mermaid", "erDiagram"]
    for mart in schema.marts:
        keyed = schema.unique | schema.unique_together | references.keys()
        keys = [name for name in schema.columns[mart] if (mart, name) in keyed]
        lines.append(f"    {mart} {{")
        lines += [f"        {_type(name)} {name} {_marks(schema, (mart, name), references)}" for name in keys]
        lines.append("    }")
    lines += [f"    {_line_between(schema, column, target)}" for column, target in references.items()]
    lines += ["```", ""]
    for mart in schema.marts:
        lines += [f"## {mart}", "", schema.descriptions[mart], "", "| column | key | what |", "|---|---|---|"]
        for name, description in schema.columns[mart].items():
            target = references.get((mart, name))
            key = "key" if (mart, name) in schema.unique else ""
            key = "part of the key" if (mart, name) in schema.unique_together else key
            key = f"of [{target[0]}](#{target[0]})" if target else key
            lines.append(f"| `{name}` | {key} | {description} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def dbt_overview(schemas: Iterable[Schema]) -> str:
    """The overview of dbt docs, which draws no diagrams: the tables and their keys as lists."""
    lines = [f"{{# {MADE_BY} #}}", "{% docs __overview__ %}", "# Parley"]
    for schema in schemas:
        lines += ["", f"## {schema.domain.title()}", "", "| table | what |", "|---|---|"]
        lines += [f"| {mart} | {schema.descriptions[mart]} |" for mart in schema.marts]
        lines += ["", "| column | names a row of |", "|---|---|"]
        lines += [f"| {mart}.{name} | {to}.{key} |" for (mart, name), (to, key) in schema.references()]
    return "\n".join([*lines, "{% enddocs %}"]) + "\n"


def main() -> None:
    manifest = json.loads(write_manifest(get_pipeline("demo_bot")).read_text())
    schemas = [Schema.from_manifest(manifest, domain) for domain in domains()]
    for schema in schemas:
        (settings.ROOT / page_path(schema.domain)).write_text(page(schema))
    (settings.ROOT / DBT_OVERVIEW).write_text(dbt_overview(schemas))


def _line(text: str) -> str:
    return " ".join(text.split())


def _type(name: str) -> str:
    """What the diagram calls a key; the models say no types, but names do."""
    for kind, endings in TYPES.items():
        if name.endswith(endings):
            return kind
    return "text"


def _marks(schema: Schema, column: Column, references: Mapping[Column, Column]) -> str:
    marks = {"PK": column in schema.unique | schema.unique_together, "FK": column in references}
    return ", ".join(mark for mark, is_so in marks.items() if is_so)


def _line_between(schema: Schema, column: Column, target: Column) -> str:
    one = "||" if column in schema.never_null else "|o"
    many = "o|" if column in schema.unique else "o{"
    return f"{target[0]} {one}--{many} {column[0]} : {column[1]}"


if __name__ == "__main__":
    main()
