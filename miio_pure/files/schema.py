# SPDX-License-Identifier: MIT
"""Reads a table's columns from the CREATE TABLE statement that made it."""

import re
from collections import namedtuple

from ..errors import MiioError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator, List, Optional

MAX_SQL = 1 << 16  # characters of one CREATE TABLE

# is_rowid: the column is another name for the row id. default: its value in rows
# that were written before the column was added.
Column = namedtuple("Column", "name kind is_rowid default")

_TOKEN = re.compile(
    r"""--[^\n]*|/\*.*?(?:\*/|$)|(\s+)|('(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|"""
    r"""`(?:[^`]|``)*(?:`|$)|\[[^\]]*(?:\]|$)|[(),]|[^\s'"`\[\](),]+)""",
    re.S,
)
_CONSTRAINTS = set(
    "constraint primary not null unique check default collate references generated as"
    " foreign".split()
)


def read_columns(sql: str) -> "List[Column]":
    """Return those columns of a table that are stored, in order."""
    if len(sql) > MAX_SQL:
        raise MiioError("a CREATE TABLE of over %d characters: damaged" % MAX_SQL)
    tokens = [match.group(2) for match in _TOKEN.finditer(sql) if match.group(2)]
    columns: "List[Column]" = []
    key = None
    for parts in _split_definitions(tokens):
        words = [part.lower() for part in parts]
        if words[0] not in _CONSTRAINTS:
            column = _read_column(parts, words)
            if column:
                columns.append(column)
        elif words[-5:-2] == ["primary", "key", "("]:
            key = _unquote(parts[-2]).lower()
    # A table constraint may also make a column the row id.
    return [
        (
            column._replace(is_rowid=True)
            if column.name == key and column.kind == ["integer"]
            else column
        )
        for column in columns
    ]


def _split_definitions(tokens: "List[str]") -> "Iterator[List[str]]":
    """Yield the definitions that commas separate in the outermost brackets."""
    depth = 0
    parts: "List[str]" = []
    for token in tokens:
        if depth == 1 and token in ",)" and parts:
            yield parts
            parts = []
        elif depth:
            parts.append(token)
        depth += (token == "(") - (token == ")")
        if token == ")" and not depth:
            return


def _read_column(parts: "List[str]", words: "List[str]") -> "Optional[Column]":
    """Read a column's definition; None for one that is computed and not stored."""
    ends = [i for i, word in enumerate(words) if word in _CONSTRAINTS]
    at = ends[0] if ends else len(words)
    if "as" in words[at:] and "stored" not in words:
        return None
    kind = words[1:at]
    is_key = "primary" in words[at:] and "desc" not in words[at:]
    default = None
    if "default" in words[at:-1]:
        default = _read_literal(parts[words.index("default", at) + 1 :])
    name = _unquote(parts[0]).lower()
    return Column(name, kind, is_key and kind == ["integer"], default)


def _unquote(token: str) -> str:
    quote = token[0]
    if quote == "[":
        return token[1:-1]
    if quote in "'\"`":
        return token[1:-1].replace(quote * 2, quote)
    return token


def _read_literal(parts: "List[str]") -> "Any":
    """Return the value that a DEFAULT gives."""
    parts = [part for part in parts if part != "("]
    at = next((i for i, part in enumerate(parts) if part not in ("-", "+")), len(parts))
    sign = parts[at - 1] if at else ""
    text = parts[at] if at < len(parts) else "null"
    if text.lower() == "x" and parts[at + 1 :] and parts[at + 1][0] == "'":
        digits = _unquote(parts[at + 1])
        return bytes.fromhex(digits) if _is_hex(digits) else None
    if text[0] in "'\"`[":
        return _unquote(text)
    for number in (int, float) if len(text) < 30 else ():
        try:
            return number(sign + text)
        except ValueError:
            pass
    return {"null": None, "true": 1, "false": 0}.get(text.lower(), text)


def _is_hex(digits: str) -> bool:
    return len(digits) % 2 == 0 and not digits.strip("0123456789abcdefABCDEF")
