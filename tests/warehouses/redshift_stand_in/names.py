"""Words that Redshift does not take for names."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from tests.warehouses.redshift_stand_in.statement import SYNTAX_ERROR, WRONG_NAME, Refusal, Statement

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


def _names(statement: Statement) -> Iterator[tuple[str, bool]]:
    """Names, and whether they are quoted, where a reserved word may not stand."""
    for column in statement.all(exp.Column, exp.ColumnDef):
        if isinstance(column.this, exp.Identifier) and not column.args.get("table"):
            yield column.name, bool(column.this.args.get("quoted"))
    for table in statement.all(exp.Table):
        if isinstance(table.this, exp.Identifier):
            yield table.name, bool(table.this.args.get("quoted"))
