"""What Redshift refuses and PostgreSQL would run. Every rule names the page of Amazon's manual that it comes from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

SYNTAX_ERROR = "42601"
FEATURE_NOT_SUPPORTED = "0A000"
WRONG_NAME = "42939"
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


def unsupported_syntax(statement: exp.Expr) -> None:
    """PostgreSQL's syntax that Redshift has not.

    https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-features.html
    https://docs.aws.amazon.com/redshift/latest/dg/r_SELECT_synopsis.html
    https://docs.aws.amazon.com/redshift/latest/dg/r_INSERT_30.html
    """
    for distinct in statement.find_all(exp.Distinct):
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
        for found in statement.find_all(kind):
            if not (kind is exp.Values and isinstance(found.parent, exp.Insert)):
                raise Refusal(f'syntax error at or near "{name}"', SYNTAX_ERROR)
    for select in statement.find_all(exp.Select):
        if select.args.get("windows"):
            raise Refusal('syntax error at or near "WINDOW"', SYNTAX_ERROR)


def arrays(statement: exp.Expr) -> None:
    """PostgreSQL's arrays: their constructor, their types, and what makes rows of them.

    https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-datatypes.html
    https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-features.html
    """
    for array in statement.find_all(exp.Array):
        if array.args.get("bracket_notation"):
            raise Refusal("Array constructors are not supported")
    if statement.find(exp.Unnest) or any(kind.this == exp.DType.ARRAY for kind in statement.find_all(exp.DataType)):
        raise Refusal("Arrays are not supported")


# Beside those of the manual's list that sqlglot knows as expressions of their own.
UNSUPPORTED_FUNCTIONS = {
    "every": exp.LogicalAnd,
    "array_agg": exp.ArrayAgg,
    "corr": exp.Corr,
    "covar_pop": exp.CovarPop,
    "covar_samp": exp.CovarSamp,
}
UNSUPPORTED_NAMES = {
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


def unsupported_functions(statement: exp.Expr) -> None:
    """Functions of PostgreSQL that Redshift has not.

    https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-functions.html
    """
    for name, kind in UNSUPPORTED_FUNCTIONS.items():
        # bool_and is written like that on Redshift, `every` is not; both are one to sqlglot.
        if kind is not exp.LogicalAnd and statement.find(kind):
            raise Refusal(f"function {name} does not exist", "42883")
    for name in _function_names(statement):
        if name in UNSUPPORTED_NAMES:
            raise Refusal(f"function {name} does not exist", "42883")


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


def leader_node_functions(statement: exp.Expr) -> None:
    """Functions of the leader node, in a statement that works on tables.

    https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_functions_leader_node_only.html
    """
    used = {name for name in _function_names(statement) if name in LEADER_FUNCTIONS}
    for kind, name in (
        (exp.CurrentTimestamp, "current_timestamp"),
        (exp.CurrentTime, "current_time"),
        (exp.Localtime, "localtime"),
        (exp.Localtimestamp, "localtimestamp"),
        (exp.CurrentSchema, "current_schema"),
        (exp.GenerateSeries, "generate_series"),
        (exp.ExplodingGenerateSeries, "generate_series"),
    ):
        if statement.find(kind):
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


def window_frames(statement: exp.Expr) -> None:
    """An aggregate over an ordered window without a frame, or with one that is not of rows.

    https://docs.aws.amazon.com/redshift/latest/dg/r_Window_function_synopsis.html
    https://docs.aws.amazon.com/redshift/latest/dg/c_Window_functions.html
    """
    for window in statement.find_all(exp.Window):
        function = window.this.this if isinstance(window.this, exp.IgnoreNulls | exp.RespectNulls) else window.this
        frame = window.args.get("spec")
        if window.args.get("order") and frame is None and not isinstance(function, RANKS):
            raise Refusal("Aggregate window functions with an ORDER BY clause require a frame clause")
        if frame is not None and str(frame.args.get("kind")).upper() != "ROWS":
            raise Refusal("Window frames other than ROWS are not supported")


def correlated_subqueries(statement: exp.Expr) -> None:
    """References to an outer query that cannot be turned into a join.

    They skip a level; they stand in an ON clause; or the subquery is the list of a NOT IN.
    https://docs.aws.amazon.com/redshift/latest/dg/r_correlated_subqueries.html
    """
    for scope in traverse_scope(statement):
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


def subqueries_without_name(statement: exp.Expr) -> None:
    """A subquery in FROM has to have an alias.

    https://docs.aws.amazon.com/redshift/latest/dg/r_FROM_clause30.html
    """
    for subquery in statement.find_all(exp.Subquery):
        if isinstance(subquery.parent, exp.From | exp.Join) and not subquery.alias:
            raise Refusal("subquery in FROM must have an alias", SYNTAX_ERROR)


def booleans_as_text(statement: exp.Expr) -> None:
    """A boolean has no cast to text.

    https://docs.aws.amazon.com/redshift/latest/dg/r_Boolean_type.html
    """
    for cast in statement.find_all(exp.Cast):
        value = cast.this.unnest()
        if isinstance(value, exp.Predicate | exp.Boolean) and cast.to.this in exp.DataType.TEXT_TYPES:
            raise Refusal("cannot cast type boolean to character varying", INVALID_TYPE)


def long_texts(statement: exp.Expr) -> None:
    """A varchar has 65535 bytes at most.

    https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html
    """
    for kind in statement.find_all(exp.DataType):
        given = kind.expressions[0].name if kind.expressions and kind.this in exp.DataType.TEXT_TYPES else ""
        if given.isdigit() and int(given) > 65535:
            raise Refusal("length for type varchar cannot exceed 65535", INVALID_LENGTH)


def identity_and_serial(statement: exp.Expr) -> None:
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
    for kind in statement.find_all(exp.DataType):
        if kind.this in unsupported:
            raise Refusal(f'type "{kind.sql().lower()}" does not exist', "42704")


SYSTEM_COLUMNS = {"oid", "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"}
# Without those that no parser takes for a name: select, from, ...
RESERVED = {
    *"aes128 aes256 allowoverwrite analyse authorization az64 backup binary blanksasnull bytedict bzip2 credentials".split(),
    *"deferrable deflate defrag delta delta32k disable emptyasnull enable encode encrypt encryption explicit".split(),
    *"freeze globaldict256 globaldict64k gzip identity ignore initially lun luns lzo lzop minus mostly16 mostly32".split(),
    *"mostly8 new notnull nulls off offline offset oid old only open overlaps parallel partition percent".split(),
    *"permissions pivot placing raw readratio recover rejectlog resort respect restore similar snapshot".split(),
    *"sysdate system table tag tdes text255 text32k timestamp top truncatecolumns unpivot user verbose".split(),
    *"wallet without".split(),
}


def reserved_words(statement: exp.Expr) -> None:
    """A reserved word as a name that is not quoted, unless a table's name or AS comes before it; names of system columns.

    https://docs.aws.amazon.com/redshift/latest/dg/r_pg_keywords.html
    https://docs.aws.amazon.com/redshift/latest/dg/r_names.html
    """
    for name, quoted in _names(statement):
        if not quoted and name.lower() in RESERVED:
            raise Refusal(f'syntax error at or near "{name}"', SYNTAX_ERROR)
    for column in statement.find_all(exp.ColumnDef):
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


RULES: tuple[Callable[[exp.Expr], None], ...] = (
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


def refuse(statement: exp.Expr) -> None:
    """See that Redshift would take the statement.

    Raises:
        Refusal: it would not.
    """
    for rule in RULES:
        rule(statement)


def _function_names(statement: exp.Expr) -> Iterator[str]:
    for function in statement.find_all(exp.Anonymous):
        yield function.name.lower()


def _works_on_tables(statement: exp.Expr) -> bool:
    if isinstance(statement, exp.Create | exp.Insert | exp.Update | exp.Delete | exp.Merge):
        return True
    names = {cte.alias for cte in statement.find_all(exp.CTE)}
    return any(
        table.name not in names and table.db not in LEADER_SCHEMAS and not LEADER_TABLES.fullmatch(table.name)
        for table in statement.find_all(exp.Table)
        if isinstance(table.this, exp.Identifier)
    )


def _names(statement: exp.Expr) -> Iterator[tuple[str, bool]]:
    """Names, and whether they are quoted, where a reserved word may not stand."""
    for column in statement.find_all(exp.Column, exp.ColumnDef):
        if isinstance(column.this, exp.Identifier) and not column.args.get("table"):
            yield column.name, bool(column.this.args.get("quoted"))
    for table in statement.find_all(exp.Table):
        if isinstance(table.this, exp.Identifier):
            yield table.name, bool(table.this.args.get("quoted"))
