"""Redshift SQL into PostgreSQL's."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.redshift import Redshift
from sqlglot.errors import SqlglotError

from tests.warehouses.redshift_stand_in.names import refuse_keys
from tests.warehouses.redshift_stand_in.refuse import refuse
from tests.warehouses.redshift_stand_in.statement import FEATURE_NOT_SUPPORTED, SYNTAX_ERROR, Refusal

# Of the constraint that stands for the length in bytes of a varchar: this, the length, and the column.
BYTES_CONSTRAINT = "varchar_bytes_"
LONGEST_VARCHAR = 65535
DEFAULT_VARCHAR = 256

# Statements that the two have in common and sqlglot has nothing to say about.
PASSED_ON = re.compile(r"\s*(begin|start|commit|end|rollback|abort|set|show|reset|lock|analyze|vacuum)\b", re.I)
MANY_ROWS = re.compile(r"\s*insert\s+into\s+[^(]+\([^)]*\)\s*values\b", re.I)
# sqlglot takes $1,$2,$ for the beginning of a quotation: a parameter goes through it as a name.
PARAMETER = re.compile(r"('(?:[^'\\]|''|\\.)*')|\$(\d+)", re.S)
PARAMETER_NAME = re.compile(r"\bstand_in_parameter_(\d+)\b")
LITERAL = re.compile(r"(?<!\w)e?('(?:[^'\\]|''|\\.)*')", re.I | re.S)

TABLE = re.compile(r"\s*(/\*.*?\*/\s*)*create\s+((local\s+)?temp(orary)?\s+)?table\b", re.I | re.S)
AS_SELECT = re.compile(r"\bas\s*\(|\bas\s+(select|with)\b", re.I)
KEYS = re.compile(
    r"\b(diststyle\s+(key|all|even|auto)|distkey(\s*\([^)]*\))?|((compound|interleaved)\s+)?sortkey(\s*\([^)]*\))?"
    r"|backup\s+(yes|no)|encode\s+\w+)(?!\w)",
    re.I,
)
LATE_BINDING = re.compile(r"\)\s*with\s+no\s+schema\s+binding\s*;?\s*$", re.I)


def _call(name: str) -> Callable[[list[exp.Expr]], exp.Expr]:
    """A function that catalog.sql defines."""
    return lambda arguments: exp.Anonymous(this=name, expressions=arguments)


def _call_with_part(name: str) -> Callable[[list[exp.Expr]], exp.Expr]:
    """The same for one whose first argument is a part of a date: `day`, d, "day"."""

    def build(arguments: list[exp.Expr]) -> exp.Expr:
        part = arguments[0].name.lower().removesuffix("s")
        return exp.Anonymous(this=name, expressions=[exp.Literal.string(part), *arguments[1:]])

    return build


class StandIn(Redshift):
    """sqlglot's Redshift, but what it would translate by a rule of thumb is left to functions that do as Redshift."""

    class Parser(Redshift.Parser):
        FUNCTIONS: ClassVar[dict[str, Any]] = {
            **Redshift.Parser.FUNCTIONS,
            "GETDATE": _call("getdate"),
            "DATEADD": _call_with_part("dateadd"),
            "DATE_ADD": _call_with_part("dateadd"),
            "DATEDIFF": _call_with_part("datediff"),
            "DATE_DIFF": _call_with_part("datediff"),
            "REGEXP_SUBSTR": _call("regexp_substr"),
            "SUBSTR": _call("substr"),
            "NOW": _call("now"),
        }
        NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            **Redshift.Parser.NO_PAREN_FUNCTION_PARSERS,
            "SYSDATE": lambda self: exp.Anonymous(this="sysdate"),
        }


@lru_cache(maxsize=2000)
def translate(sql: str) -> str:
    """What PostgreSQL is to run in place of one or more statements: where Redshift refuses, an error of Redshift's."""
    if not sql.strip() or (PASSED_ON.match(sql) and ";" not in sql.strip().rstrip(";")):
        return sql
    if MANY_ROWS.match(sql) and len(sql) > 10_000:
        # Too long to be parsed, and nothing in it but literals, in which a backslash escapes.
        return LITERAL.sub(r"E\1", sql)
    try:
        sql = PARAMETER.sub(lambda m: m[1] or f"stand_in_parameter_{m[2]}", LATE_BINDING.sub(")", sql))
        if TABLE.match(sql):
            sql = _without_keys(sql)
        statements = [statement for statement in StandIn().parse(sql) if statement is not None]
        for statement in statements:
            refuse(statement, sql)
        return PARAMETER_NAME.sub(r"$\1", "; ".join(_postgres(statement) for statement in statements))
    except Refusal as refusal:
        return _error(refusal.code, str(refusal))
    except SqlglotError as error:
        return _error(SYNTAX_ERROR, f"syntax error: {error}")


def _error(code: str, message: str) -> str:
    quoted = message.replace("'", "''")
    return f"select stand_in_refuses('{code}', '{quoted}')"


def _without_keys(sql: str) -> str:
    """A create table without what says how its rows are kept.

    Raises:
        Refusal: of the keys.
    """
    found = AS_SELECT.search(sql)
    header, rest = (sql[: found.start()], sql[found.start() :]) if found else (sql, "")
    for key in KEYS.finditer(header):
        refuse_keys(key.group(0))
    return KEYS.sub("", header) + rest


def _postgres(statement: exp.Expr) -> str:
    if isinstance(statement, exp.Command):
        raise Refusal(f"the stand-in does not know this statement: {statement.sql()[:80]}", FEATURE_NOT_SUPPORTED)
    for identifier in statement.find_all(exp.Identifier):
        # Redshift folds quoted names too.
        identifier.set("this", identifier.name.lower())
    for cast in statement.find_all(exp.Cast):
        _set_length(cast.to)
    for column in statement.find_all(exp.ColumnDef):
        if isinstance(column.parent, exp.Schema | exp.Alter):
            _set_length(column.kind)
            _limit_bytes(column)
    for join in statement.find_all(exp.Join):
        _unnest(join)
    for group in statement.find_all(exp.WithinGroup):
        _order_listagg(group)
    return statement.sql(dialect="postgres")


def _set_length(kind: exp.DataType | None) -> None:
    """Redshift's length of a text type: 256 bytes unless given, and `max`."""
    if kind is None or kind.this not in (exp.DType.VARCHAR, exp.DType.TEXT, exp.DType.NVARCHAR):
        return
    given = kind.expressions[0].name if kind.expressions else str(DEFAULT_VARCHAR)
    length = LONGEST_VARCHAR if given.lower() == "max" else int(given)
    kind.set("this", exp.DType.VARCHAR)
    kind.set("expressions", [exp.DataTypeParam(this=exp.Literal.number(length))])


def _limit_bytes(column: exp.ColumnDef) -> None:
    """A varchar's length counts bytes: let PostgreSQL, where it counts characters, check them."""
    if column.kind is None or column.kind.this != exp.DType.VARCHAR:
        return
    length = column.kind.expressions[0].name
    name = f"{BYTES_CONSTRAINT}{length}_{zlib.crc32(column.name.encode())}"
    check = exp.CheckColumnConstraint(
        this=exp.LTE(
            this=exp.Anonymous(this="octet_length", expressions=[exp.column(column.name, quoted=True)]),
            expression=exp.Literal.number(length),
        )
    )
    column.append("constraints", exp.ColumnConstraint(this=exp.to_identifier(name), kind=check))


def _unnest(join: exp.Join) -> None:
    """The items of a list, `, t.list as item at item_index`, by the function of catalog.sql that gives them.

    https://docs.aws.amazon.com/redshift/latest/dg/query-super.html
    """
    if not isinstance(join.this, exp.AtIndex):
        return
    item, index = join.this.this, join.this.expression
    rows = exp.Anonymous(this="stand_in_items", expressions=[item.this])
    names = exp.TableAlias(this=item.args["alias"].copy(), columns=[item.args["alias"].copy(), index.copy()])
    join.set("this", exp.Table(this=rows, alias=names))
    join.set("kind", "cross")


def _order_listagg(group: exp.WithinGroup) -> None:
    """LISTAGG's order stands behind it, that of PostgreSQL's string_agg in it.

    https://docs.aws.amazon.com/redshift/latest/dg/r_LISTAGG.html
    """
    if isinstance(group.this, exp.GroupConcat):
        order = group.expression
        order.set("this", group.this.this)
        group.this.set("this", order)
        group.replace(group.this)
