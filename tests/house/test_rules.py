# SPDX-License-Identifier: MIT
"""Rules that every source file keeps: its licence, its length, its manners."""

import ast
import io
import os
import tokenize
import unittest

from ..support import ROOT, TESTS, house

MAX_FUNCTION = 60  # lines
MAX_FILE = 400  # lines of code, of the package
LICENCE = "# SPDX-License-Identifier: MIT"
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# Tokens that are no code, and those after which a string is a docstring.
IDLE = (
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
)
STARTS = (None, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
# Only these may know that they are a program.
PROGRAM = ("cli", "__main__")


def find_all():
    """Return every Python file of the project."""
    paths = [os.path.join(ROOT, "setup.py")]
    for folder in ("miio_pure", "tests", "benchmarks"):
        paths += house.find_python(os.path.join(ROOT, folder))
    return paths


def find_last_line(node):
    """Return the last line of a node; Python knows where one ends since 3.8."""
    inner = ast.walk(node)
    return max(
        getattr(one, "end_lineno", 0) or getattr(one, "lineno", 0) for one in inner
    )


def find_imported_names(tree):
    """Return the names that import statements bind in a module."""
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                imported.add(alias.asname or alias.name.split(".")[0])
    return imported


def find_changed(tree):
    """Yield the nodes whose attributes a module sets or deletes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            yield node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in ("setattr", "delattr", "vars"):
                yield from node.args[:1]


def find_code_lines(source):
    """Return the numbers of the lines that hold more than comments and docstrings."""
    lines = set()
    before = None
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        is_docstring = token.type == tokenize.STRING and before in STARTS
        if token.type not in IDLE and not is_docstring:
            lines.update(range(token.start[0], token.end[0] + 1))
        if token.type not in (tokenize.NL, tokenize.COMMENT):
            before = token.type
    return lines


class FilesTest(unittest.TestCase):
    def test_every_file_names_its_licence_first(self):
        for path in find_all():
            lines = house.read_source(path).split("\n")
            if os.path.basename(path) == "__main__.py" and lines[0][:2] == "#!":
                del lines[0]
            self.assertEqual(lines[0], LICENCE, path)

    def test_no_function_is_long(self):
        for path in find_all():
            for node in ast.walk(ast.parse(house.read_source(path))):
                if isinstance(node, FUNCTIONS):
                    length = find_last_line(node) - node.lineno + 1
                    with self.subTest(path=path, function=node.name):
                        self.assertLessEqual(length, MAX_FUNCTION)

    def test_no_file_of_the_package_is_long(self):
        for path in house.find_python(house.PACKAGE):
            with self.subTest(path=path):
                # Explanations are free: only lines with code count.
                code = find_code_lines(house.read_source(path))
                self.assertLessEqual(len(code), MAX_FILE)


class TestsTest(unittest.TestCase):
    def test_every_module_of_the_core_has_a_test_file(self):
        for name in house.CORE:
            # The front door only imports; test_layers.py looks at it.
            if name != "__init__":
                with self.subTest(module=name):
                    path = os.path.join(TESTS, "test_%s.py" % name)
                    self.assertTrue(os.path.exists(path))

    def test_every_folder_of_the_package_has_a_folder_of_tests(self):
        for name in house.ALL:
            if os.path.isdir(os.path.join(house.PACKAGE, name)):
                with self.subTest(folder=name):
                    names = os.listdir(os.path.join(TESTS, name))
                    self.assertIn("__init__.py", names)
                    self.assertIn("test_", " ".join(names))


class MannersTest(unittest.TestCase):
    def test_nothing_is_assigned_into_another_module(self):
        for path in house.find_python(house.PACKAGE):
            tree = house.parse_run_time(path)
            imported = find_imported_names(tree)
            for node in find_changed(tree):
                name = getattr(node, "id", None)
                with self.subTest(path=path, line=node.lineno):
                    self.assertNotIn(name, imported)

    def test_a_library_neither_reads_the_command_line_nor_exits(self):
        for path in house.find_python(house.PACKAGE):
            if house.find_row(path) in PROGRAM:
                continue
            for node in ast.walk(house.parse_run_time(path)):
                name = getattr(node, "attr", getattr(node, "id", None))
                with self.subTest(path=path, name=name):
                    self.assertNotIn(name, ("argv", "SystemExit", "exit", "_exit"))
