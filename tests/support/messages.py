# SPDX-License-Identifier: MIT
"""Lists every message of the package, so that somebody can read them as a user would.

Run it as `python3 -m tests.support.messages`. It prints the file, the line and the text
of each message. A value that is put into the text while the program runs shows as %s,
or as <...> where it is joined to the text.
"""

import ast
import os
from collections import namedtuple

from . import house

# Errors of Python itself that the package raises with a text of its own.
BUILTIN = ("ImportError", "OSError", "RuntimeError", "SystemExit")
BUILTIN += ("TypeError", "ValueError")
# Functions that show their argument to the user, or keep it to be shown later.
SPEAKERS = ("say", "note", "fail", "_fail", "_make_error")
# Attributes and variables that hold a text for the user.
ATTRIBUTES = ("why", "former", "reason", "text")
# A constant with fewer words than this is a name or a format rather than a message.
MIN_WORDS = 5
VALUE = "<...>"

# path: relative to the package. line: where the call or the constant begins.
Message = namedtuple("Message", "path line text")


def find_errors():
    """Return the names of all classes of errors that the package defines or raises."""
    bases = {}
    for path in house.find_python(house.PACKAGE):
        for node in ast.walk(house.parse_run_time(path)):
            if isinstance(node, ast.ClassDef):
                bases[node.name] = [get_name(base) for base in node.bases]
    errors = {"Exception", *BUILTIN}
    while True:
        more = {name for name in bases if errors.intersection(bases[name])}
        if more <= errors:
            return errors
        errors |= more


def get_name(node):
    """Return the last part of a dotted name, or None for any other expression."""
    return getattr(node, "attr", getattr(node, "id", None))


def read_string(node):
    """Return the value of a string literal, or None for any other node."""
    # Python 3.6 and 3.7 have Str where later ones have Constant.
    value = getattr(node, "s" if type(node).__name__ == "Str" else "value", None)
    is_literal = type(node).__name__ in ("Str", "Constant")
    return value if is_literal and isinstance(value, str) else None


def read_texts(node):
    """Return the texts that an expression can have, without those that are empty."""
    text = read_string(node)
    if text is not None:
        return [text] if text else []
    if isinstance(node, ast.IfExp):
        return read_texts(node.body) + read_texts(node.orelse)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return read_texts(node.left)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = read_texts(node.left), read_texts(node.right)
        if left or right:
            return [a + b for a in left or [VALUE] for b in right or [VALUE]]
    return []


def find_spoken(node, errors):
    """Return the expressions in a node whose texts are for the user."""
    if isinstance(node, ast.Call):
        name = get_name(node.func)
        return node.args if name in errors or name in SPEAKERS else []
    if isinstance(node, ast.Assign) and get_name(node.targets[0]) in ATTRIBUTES:
        return [node.value]
    return []


def find_constants(tree):
    """Return the values of a module's constants that are long enough to be messages."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and (get_name(node.targets[0]) or "").isupper():
            values = node.value.values if isinstance(node.value, ast.Dict) else []
            for value in [node.value] + values:
                text = read_string(value) or ""
                # A text of several lines is a page of help or a script.
                if "\n" in text:
                    continue
                words = [word for word in text.split() if word.strip(",:;").isalpha()]
                if len(words) >= MIN_WORDS and len(words) * 2 > len(text.split()):
                    yield value


def find_messages():
    """Return a Message for each text that a user may read, sorted by file and line."""
    errors = find_errors()
    messages = set()
    for path in house.find_python(house.PACKAGE):
        tree = ast.parse(house.read_source(path))
        spoken = list(find_constants(tree))
        for node in ast.walk(tree):
            spoken += find_spoken(node, errors)
        name = os.path.relpath(path, house.PACKAGE).replace(os.sep, "/")
        for node in spoken:
            for text in read_texts(node):
                messages.add(Message(name, node.lineno, text))
    return sorted(messages)


def print_messages():
    for message in find_messages():
        print("%s:%d: %s" % message)


if __name__ == "__main__":
    print_messages()
