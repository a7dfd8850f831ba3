"""What Redshift refuses and PostgreSQL would run. Every rule names the page of Amazon's manual that it comes from."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

from tests.warehouses.redshift_stand_in.names import reserved_words
from tests.warehouses.redshift_stand_in.statement import (
    INVALID_LENGTH,
    INVALID_TYPE,
    SYNTAX_ERROR,
    UNDEFINED_FUNCTION,
    Refusal,
    Statement,
)

NOT_ON_TABLES = (
    "Specified types or functions (one per INFO message) not supported on Redshift tables: {} is of the leader node"
)
# Relations of the leader node: its own functions may be used with them.
LEADER_SCHEMAS = ("pg_catalog", "information_schema")
LEADER_TABLES = re.compile(r"pg_\w+|cols", re.I)


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
