"""A statement of Redshift's, as the rules look at it, and what it is when one of them does not let it pass."""

from __future__ import annotations

from itertools import pairwise
from typing import TypeVar

from sqlglot import exp
from sqlglot.dialects.redshift import Redshift
from sqlglot.tokens import TokenType

Node = TypeVar("Node", bound=exp.Expr)

SYNTAX_ERROR = "42601"
FEATURE_NOT_SUPPORTED = "0A000"
WRONG_NAME = "42939"
UNDEFINED_FUNCTION = "42883"
UNDEFINED_TYPE = "42704"
INVALID_TYPE = "42846"
INVALID_LENGTH = "54000"


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
