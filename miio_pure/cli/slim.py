# SPDX-License-Identifier: MIT
"""Strips from a module's source all that Python does not need in order to run it.

Comments, docstrings, annotations, blank lines, line ends in brackets and `if
TYPE_CHECKING:` blocks take more than half of a module, and flash is small on a router.
The rest behaves the same, as long as nothing reads `__doc__` or `__annotations__`.

How it works: The source is a list of tokens, with a gap of spaces between any two of
them. We decide which tokens to drop. Each token that stays is written with the gap in
front of it, and the gap in front of a dropped token is dropped with it. To decide, we
look at one logical line after the other, which is all tokens up to a NEWLINE. In a
line, a colon begins an annotation only if it is outside of brackets and does not belong
to a lambda. If a line holds more than one statement, with a semicolon or after the
colon of an `if`, its annotations stay: they cost bytes, but they do no harm.

Tokens are the same on every Python from 3.6 on, except for f-strings, which we leave
alone. We cannot use Python's syntax tree, which says where an expression ends only
since 3.8.
"""

import io
import keyword
import tokenize
from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterator, List, Sequence, Tuple

    Token = tokenize.TokenInfo
    # The index of the first token, and the index after the last one.
    Span = Tuple[int, int]

# Comments that begin like this stay: the first is for the system, the second is the
# licence.
KEPT_COMMENTS = ("#!", "# SPDX-License-Identifier:")
# The tokenizer inserts these; their text, if any, is part of a gap.
INVISIBLE = (tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
UNIMPORTANT = INVISIBLE + (tokenize.NL, tokenize.COMMENT)
OPENING, CLOSING = ("(", "[", "{"), (")", "]", "}")

# A logical line: the indexes of its tokens without its NEWLINE, and its block depth.
Line = namedtuple("Line", "indexes depth")


def strip_source(source: str) -> str:
    """Return the same program without the parts that do nothing at run time."""
    if not source.endswith("\n"):
        source += "\n"
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    lines = split_lines(tokens)
    dropped = find_idle_lines(tokens, lines)
    replaced = replace_lines(tokens, lines, dropped)
    for line in lines:
        for start, end in find_annotations(tokens, line):
            replaced.update(dict.fromkeys(range(start, end), ""))
    return write_tokens(source, tokens, replaced)


def split_lines(tokens: "Sequence[Token]") -> "List[Line]":
    """Return the logical lines of a module."""
    lines, depth = [], 0
    indexes: "List[int]" = []
    for index, token in enumerate(tokens):
        if token.type == tokenize.NEWLINE:
            lines.append(Line(indexes, depth))
            indexes = []
        elif token.type not in UNIMPORTANT:
            indexes.append(index)
        depth += (token.type == tokenize.INDENT) - (token.type == tokenize.DEDENT)
    return lines


def texts(tokens: "Sequence[Token]", line: Line) -> "List[str]":
    return [tokens[index].string for index in line.indexes]


def find_block(lines: "Sequence[Line]", header: int) -> "List[int]":
    """Return the numbers of the lines in the block below a header."""
    block = []
    for number in range(header + 1, len(lines)):
        if lines[number].depth <= lines[header].depth:
            break
        block.append(number)
    return block


def find_idle_lines(tokens: "Sequence[Token]", lines: "Sequence[Line]") -> "List[int]":
    """Return the numbers of the lines that do nothing at run time."""
    dropped = set()
    for number, line in enumerate(lines):
        if is_string(tokens, line) or is_bare_annotation(tokens, line):
            dropped.add(number)
        elif texts(tokens, line) == ["if", "TYPE_CHECKING", ":"]:
            block = find_block(lines, number)
            after = lines[block[-1] + 1 :][:1]
            is_same = after and after[0].depth == line.depth
            if not is_same or texts(tokens, after[0])[0] not in ("elif", "else"):
                dropped.update([number] + block)
    # The name itself can go only if nothing else asks for it.
    users = {
        number: texts(tokens, line)
        for number, line in enumerate(lines)
        if number not in dropped and "TYPE_CHECKING" in texts(tokens, line)
    }
    if all(user == ["TYPE_CHECKING", "=", "False"] for user in users.values()):
        dropped.update(users)
    return sorted(dropped)


def is_string(tokens: "Sequence[Token]", line: Line) -> bool:
    """Return whether a line is a docstring, or another string that nobody uses."""
    for index in line.indexes:
        kind, text = tokens[index][:2]
        prefix = text.split(text[-1])[0]
        if kind != tokenize.STRING or "f" in prefix.lower():
            return False
    return True


def is_bare_annotation(tokens: "Sequence[Token]", line: Line) -> bool:
    """Return whether a line only gives the type of something."""
    return any(end > line.indexes[-1] for _, end in find_variable(tokens, line))


def replace_lines(
    tokens: "Sequence[Token]", lines: "Sequence[Line]", dropped: "Sequence[int]"
) -> "Dict[int, str]":
    """Return tokens' new texts by index; a block that is left empty gets a `pass`."""
    replaced = {}
    for number in dropped:
        # The NEWLINE comes after the last token, or after a comment that follows it.
        start, end = lines[number].indexes[0], lines[number].indexes[-1] + 1
        while tokens[end].type != tokenize.NEWLINE:
            end += 1
        replaced.update(dict.fromkeys(range(start, end + 1), ""))
    for header, line in enumerate(lines):
        block = find_block(lines, header)
        if header not in dropped and block and set(block) <= set(dropped):
            replaced[lines[block[0]].indexes[0]] = "pass\n"
    return replaced


def find_annotations(tokens: "Sequence[Token]", line: Line) -> "List[Span]":
    """Return the spans of a line's annotations, with their colons and arrows."""
    if "def" in texts(tokens, line)[:2]:
        return list(find_signature(tokens, line))
    return list(find_variable(tokens, line))


def find_variable(tokens: "Sequence[Token]", line: Line) -> "Iterator[Span]":
    """Yield the annotation of a line like `name: "X" = value`."""
    first = tokens[line.indexes[0]].string
    marks = find_marks(tokens, line.indexes, ":", "=", ";")
    kinds = [tokens[index].string for index in marks]
    # `async` is not a keyword before Python 3.7.
    is_compound = keyword.iskeyword(first) or first == "async"
    if not is_compound and kinds[:1] == [":"] and ";" not in kinds:
        yield marks[0], (marks + [line.indexes[-1] + 1])[1]


def find_signature(tokens: "Sequence[Token]", line: Line) -> "Iterator[Span]":
    """Yield the annotations of a function's parameters and of its result."""
    marks = find_marks(tokens, line.indexes, "(", ")", "->", ":")
    kinds = [tokens[index].string for index in marks]
    opening, closing = marks[kinds.index("(")], marks[kinds.index(")")]
    inside = [index for index in line.indexes if opening < index < closing]
    for parameter in split_parameters(tokens, inside):
        ends = find_marks(tokens, parameter, ":", "=") + [parameter[-1] + 1]
        if tokens[ends[0]].string == ":":
            yield ends[0], ends[1]
    if "->" in kinds:
        arrow = kinds.index("->")
        colon = kinds.index(":", arrow)
        yield marks[arrow], marks[colon]


def split_parameters(
    tokens: "Sequence[Token]", inside: "Sequence[int]"
) -> "Iterator[List[int]]":
    """Yield the indexes of each parameter's tokens."""
    parameter: "List[int]" = []
    commas = find_marks(tokens, inside, ",")
    for index in inside:
        if index not in commas:
            parameter.append(index)
        else:
            yield parameter
            parameter = []
    if parameter:
        yield parameter


def find_marks(
    tokens: "Sequence[Token]", indexes: "Sequence[int]", *wanted: str
) -> "List[int]":
    """Return the indexes of these signs, outside of brackets and lambdas' parameters.

    A bracket itself counts as outside.
    """
    found, depth, lambdas = [], 0, 0
    for index in indexes:
        text = tokens[index].string
        depth -= text in CLOSING
        if depth == 0:
            if text == "lambda":
                lambdas += 1
            elif lambdas:
                lambdas -= text == ":"
            elif text in wanted:
                found.append(index)
        depth += text in OPENING
    return found


def write_tokens(source: str, tokens: "List[Token]", replaced: "Dict[int, str]") -> str:
    """Return the text of all tokens that stay, each with the gap in front of it."""
    starts = [0]
    for row in io.StringIO(source):
        starts.append(starts[-1] + len(row))
    written = [""]
    position = depth = 0
    for index, token in enumerate(tokens):
        if token.type in INVISIBLE:
            continue
        start = starts[token.start[0] - 1] + token.start[1]
        end = starts[token.end[0] - 1] + token.end[1]
        text = replaced.get(index, source[start:end])
        if token.type == tokenize.COMMENT and not text.startswith(KEPT_COMMENTS):
            text = ""
        if depth and text == "\n":
            continue
        # A line with nothing left on it is dropped, too.
        is_blank = text == "\n" and written[-1][-1:] in ("", "\n")
        if text and not is_blank:
            gap = source[position:start]
            written.append(join_lines(gap, written[-1], text) if depth else gap)
            written[-1] += text
        depth += (text in OPENING) - (text in CLOSING)
        position = end
    return "".join(written)


def join_lines(gap: str, before: str, after: str) -> str:
    """Return the gap between two tokens in brackets, where a line need not end."""
    # From Python 3.12 on, half of a doubled brace in an f-string is a gap. We measure
    # coverage on an older Python.
    if gap.strip(" \\\n"):  # pragma: no cover
        return gap
    if before.endswith(OPENING) or after in CLOSING:
        return ""
    return " " if gap else ""
