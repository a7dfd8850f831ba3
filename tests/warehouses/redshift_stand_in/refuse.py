"""What Redshift refuses and PostgreSQL would run. Every rule names the page of Amazon's manual that it comes from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TypeVar

from sqlglot import exp
from sqlglot.dialects.redshift import Redshift
from sqlglot.optimizer.scope import traverse_scope
from sqlglot.tokens import TokenType

Node = TypeVar("Node", bound=exp.Expr)

SYNTAX_ERROR = "42601"
FEATURE_NOT_SUPPORTED = "0A000"
WRONG_NAME = "42939"
UNDEFINED_FUNCTION = "42883"
UNDEFINED_TYPE = "42704"
INVALID_TYPE = "42846"
INVALID_LENGTH = "54000"

NOT_ON_TABLES = (
    "Specified types or functions (one per INFO message) not supported on Redshift tables: {} is of the leader node"
)
# Relations of the leader node: its own functions may be used with them.
LEADER_SCHEMAS = ("pg_catalog", "information_schema")
LEADER_TABLES = re.compile(r"pg_\w+|cols", re.I)


class Refusal(Exception):
    """Why Redshift does not run a statement.

    Attributes:
        code: the SQLSTATE that goes with the message.
    """

    def __init__(self, message: str, code: str = FEATURE_NOT_SUPPORTED) -> None:
        super().__init__(message)
        self.code = code


class Statement:
    """A statement: the nodes of its tree, which is walked once, and the functions that it calls, as it calls them."""

    def __init__(self, tree: exp.Expr, sql: str) -> None:
        self.tree = tree
        self._nodes = list(tree.walk())
        tokens = Redshift().tokenize(sql)
        self.functions = {
            token.text.lower()
            for token, following in pairwise(tokens)
            if following.token_type == TokenType.L_PAREN and token.token_type != TokenType.STRING
        }

    def all(self, *kinds: type[Node]) -> list[Node]:
        return [node for node in self._nodes if isinstance(node, kinds)]

    def any(self, kind: type[exp.Expr]) -> bool:
        return any(isinstance(node, kind) for node in self._nodes)


def unsupported_syntax(statement: Statement) -> None:
    """PostgreSQL's syntax that Redshift has not.

    https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-features.html
    https://docs.aws.amazon.com/redshift/latest/dg/r_SELECT_synopsis.html
    https://docs.aws.amazon.com/redshift/latest/dg/r_INSERT_30.html
    """
    for distinct in statement.all(exp.Distinct):
        if distinct.args.get("on"):
            raise Refusal("SELECT DISTINCT ON is not supported")
    for kind, name in (
        (exp.Filter, "FILTER"),
        (exp.Lateral, "LATERAL"),
        (exp.OnConflict, "CONFLICT"),
        (exp.Returning, "RETURNING"),
        (exp.Values, "VALUES"),
        (exp.NullSafeEQ, "DISTINCT"),
        (exp.NullSafeNEQ, "DISTINCT"),
        (exp.Index, "INDEX"),
        (exp.CheckColumnConstraint, "CHECK"),
    ):
        for found in statement.all(kind):
            if not (kind is exp.Values and isinstance(found.parent, exp.Insert)):
                raise Refusal(f'syntax error at or near "{name}"', SYNTAX_ERROR)
    for select in statement.all(exp.Select):
        if select.args.get("windows"):
            raise Refusal('syntax error at or near "WINDOW"', SYNTAX_ERROR)


def arrays(statement: Statement) -> None:
    """PostgreSQL's arrays: their constructor, their types, and what makes rows of them.

    https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-datatypes.html
    https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-features.html
    """
    for array in statement.all(exp.Array):
        if array.args.get("bracket_notation"):
            raise Refusal("Array constructors are not supported")
    if statement.any(exp.Unnest) or any(kind.this == exp.DType.ARRAY for kind in statement.all(exp.DataType)):
        raise Refusal("Arrays are not supported")


# Of the manual's list those that data models are tempted by.
UNSUPPORTED_FUNCTIONS = {
    "array_agg",
    "every",
    "corr",
    "covar_pop",
    "covar_samp",
    "clock_timestamp",
    "transaction_timestamp",
    "statement_timestamp",
    "pg_sleep",
    "setseed",
    "width_bucket",
    "div",
    "bit_length",
    "overlay",
    "convert_from",
    "convert_to",
    "encode",
    "format",
    "regexp_matches",
    "regexp_split_to_array",
    "regexp_split_to_table",
    "string_to_array",
    "array_to_string",
    "quote_nullable",
    "to_jsonb",
    "jsonb_build_object",
    "json_build_object",
    "row_to_json",
    "string_agg",
}


def unsupported_functions(statement: Statement) -> None:
    """Functions of PostgreSQL that Redshift has not.

    https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-functions.html
    """
    if used := statement.functions & UNSUPPORTED_FUNCTIONS:
        raise Refusal(f"function {min(used)} does not exist", UNDEFINED_FUNCTION)


LEADER_FUNCTIONS = {
    "now",
    "age",
    "current_schema",
    "current_schemas",
    "has_database_privilege",
    "has_schema_privilege",
    "has_table_privilege",
    "isfinite",
    "substr",
    "to_ascii",
    "get_bit",
    "get_byte",
    "set_bit",
    "set_byte",
    "generate_series",
}


def leader_node_functions(statement: Statement) -> None:
    """Functions of the leader node, in a statement that works on tables.

    https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_functions_leader_node_only.html
    """
    used = statement.functions & LEADER_FUNCTIONS
    for kind, name in (
        (exp.CurrentTimestamp, "current_timestamp"),
        (exp.CurrentTime, "current_time"),
        (exp.Localtime, "localtime"),
        (exp.Localtimestamp, "localtimestamp"),
    ):
        if statement.any(kind):
            used.add(name)
    if used and _works_on_tables(statement):
        raise Refusal(NOT_ON_TABLES.format(min(used)))


RANKS = (
    exp.RowNumber,
    exp.Rank,
    exp.DenseRank,
    exp.PercentRank,
    exp.CumeDist,
    exp.Ntile,
    exp.Lag,
    exp.Lead,
)


def window_frames(statement: Statement) -> None:
    """An aggregate over an ordered window without a frame, or with one that is not of rows.

    https://docs.aws.amazon.com/redshift/latest/dg/r_Window_function_synopsis.html
    https://docs.aws.amazon.com/redshift/latest/dg/c_Window_functions.html
    """
    for window in statement.all(exp.Window):
        function = window.this.this if isinstance(window.this, exp.IgnoreNulls | exp.RespectNulls) else window.this
        frame = window.args.get("spec")
        if window.args.get("order") and frame is None and not isinstance(function, RANKS):
            raise Refusal("Aggregate window functions with an ORDER BY clause require a frame clause")
        if frame is not None and str(frame.args.get("kind")).upper() != "ROWS":
            raise Refusal("Window frames other than ROWS are not supported")


def correlated_subqueries(statement: Statement) -> None:
    """References to an outer query that cannot be turned into a join.

    They skip a level; they stand in an ON clause; or the subquery is the list of a NOT IN.
    https://docs.aws.amazon.com/redshift/latest/dg/r_correlated_subqueries.html
    """
    for scope in traverse_scope(statement.tree):
        if not scope.is_subquery:
            continue
        outer = {column.table for column in scope.external_columns if column.table}
        if not outer:
            continue
        message = "This type of correlated subquery pattern is not supported yet"
        around = scope.parent
        if around is not None and not outer & around.sources.keys():
            raise Refusal(f"{message}: it skips a level")
        parent = scope.expression.parent
        while isinstance(parent, exp.Subquery | exp.Paren):
            parent = parent.parent
        if isinstance(parent, exp.In) and isinstance(parent.parent, exp.Not):
            raise Refusal(f"{message}: not in")
        join = scope.expression.find_ancestor(exp.Join, exp.Select)
        if isinstance(join, exp.Join):
            raise Refusal(f"{message}: in an ON clause")


def subqueries_without_name(statement: Statement) -> None:
    """A subquery in FROM has to have an alias.

    https://docs.aws.amazon.com/redshift/latest/dg/r_FROM_clause30.html
    """
    for subquery in statement.all(exp.Subquery):
        if isinstance(subquery.parent, exp.From | exp.Join) and not subquery.alias:
            raise Refusal("subquery in FROM must have an alias", SYNTAX_ERROR)


def booleans_as_text(statement: Statement) -> None:
    """A boolean has no cast to text.

    https://docs.aws.amazon.com/redshift/latest/dg/r_Boolean_type.html
    """
    for cast in statement.all(exp.Cast):
        value = cast.this.unnest()
        if isinstance(value, exp.Predicate | exp.Boolean) and cast.to.this in exp.DataType.TEXT_TYPES:
            raise Refusal("cannot cast type boolean to character varying", INVALID_TYPE)


def long_texts(statement: Statement) -> None:
    """A varchar has 65535 bytes at most.

    https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html
    """
    for kind in statement.all(exp.DataType):
        given = kind.expressions[0].name if kind.expressions and kind.this in exp.DataType.TEXT_TYPES else ""
        if given.isdigit() and int(given) > 65535:
            raise Refusal("length for type varchar cannot exceed 65535", INVALID_LENGTH)


def identity_and_serial(statement: Statement) -> None:
    """Types of PostgreSQL that Redshift has not.

    https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-datatypes.html
    """
    unsupported = {
        exp.DType.JSON,
        exp.DType.JSONB,
        exp.DType.UUID,
        exp.DType.MONEY,
        exp.DType.XML,
        exp.DType.SERIAL,
        exp.DType.BIGSERIAL,
        exp.DType.INET,
    }
    for kind in statement.all(exp.DataType):
        if kind.this in unsupported:
            raise Refusal(f'type "{kind.sql().lower()}" does not exist', "42704")


SYSTEM_COLUMNS = {"oid", "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"}
# Without those that no parser takes for a name: select, from, ...
_WORDS = """
aes128 aes256 allowoverwrite analyse authorization az64 backup binary blanksasnull bytedict bzip2
credentials deferrable deflate defrag delta delta32k disable emptyasnull enable encode encrypt
encryption explicit freeze globaldict256 globaldict64k gzip identity ignore initially lun luns lzo
lzop minus mostly16 mostly32 mostly8 new notnull nulls off offline offset oid old only open overlaps
parallel partition percent permissions pivot placing raw readratio recover rejectlog resort respect
restore similar snapshot sysdate system table tag tdes text255 text32k timestamp top truncatecolumns
unpivot user verbose wallet without
"""
RESERVED = frozenset(_WORDS.split())


def reserved_words(statement: Statement) -> None:
    """A reserved word as a name, not quoted, unless a table's name or AS comes before it; a name of a system column.

    https://docs.aws.amazon.com/redshift/latest/dg/r_pg_keywords.html
    https://docs.aws.amazon.com/redshift/latest/dg/r_names.html
    """
    for name, quoted in _names(statement):
        if not quoted and name.lower() in RESERVED:
            raise Refusal(f'syntax error at or near "{name}"', SYNTAX_ERROR)
    for column in statement.all(exp.ColumnDef):
        if column.name.lower() in SYSTEM_COLUMNS:
            raise Refusal(f'column name "{column.name}" conflicts with a system column name', WRONG_NAME)


def refuse_keys(clause: str) -> None:
    """A reserved word, not quoted, as the column of a distribution or sort key.

    https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html
    https://docs.aws.amazon.com/redshift/latest/dg/r_pg_keywords.html
    """
    _, opened, columns = clause.partition("(")
    for column in columns.rstrip(") ").split(",") if opened else []:
        if column.strip().lower() in RESERVED:
            raise Refusal(f'syntax error at or near "{column.strip()}"', SYNTAX_ERROR)


RULES: tuple[Callable[[Statement], None], ...] = (
    unsupported_syntax,
    arrays,
    unsupported_functions,
    leader_node_functions,
    window_frames,
    correlated_subqueries,
    subqueries_without_name,
    booleans_as_text,
    long_texts,
    identity_and_serial,
    reserved_words,
)


def refuse(tree: exp.Expr, sql: str) -> None:
    """See that Redshift would take a statement, given as a tree and as text.

    Raises:
        Refusal: it would not.
    """
    statement = Statement(tree, sql)
    for rule in RULES:
        rule(statement)


def _works_on_tables(statement: Statement) -> bool:
    if isinstance(statement.tree, exp.Create | exp.Insert | exp.Update | exp.Delete | exp.Merge):
        return True
    names = {cte.alias for cte in statement.all(exp.CTE)}
    return any(
        table.name not in names and table.db not in LEADER_SCHEMAS and not LEADER_TABLES.fullmatch(table.name)
        for table in statement.all(exp.Table)
        if isinstance(table.this, exp.Identifier)
    )


def _names(statement: Statement) -> Iterator[tuple[str, bool]]:
    """Names, and whether they are quoted, where a reserved word may not stand."""
    for column in statement.all(exp.Column, exp.ColumnDef):
        if isinstance(column.this, exp.Identifier) and not column.args.get("table"):
            yield column.name, bool(column.this.args.get("quoted"))
    for table in statement.all(exp.Table):
        if isinstance(table.this, exp.Identifier):
            yield table.name, bool(table.this.args.get("quoted"))
