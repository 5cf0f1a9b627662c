# SPDX-License-Identifier: MIT
"""Stripped sources are the same program, with nothing in them that does nothing."""

import ast
import io
import os
import textwrap
import tokenize
import unittest

from miio_pure.cli.slim import strip_source

from ..support.pyz import find_sources, read_text


class Strip(ast.NodeTransformer):
    """Does to a syntax tree what strip_source does to a text."""

    def visit_Module(self, node):
        everything = list(ast.walk(node))
        hints = [one for one in everything if self.is_hint(one)]
        hidden = {id(one) for hint in hints for one in ast.walk(hint)}
        users = [one for one in everything if is_flag(one) and id(one) not in hidden]
        self.flag_is_unused = len(users) == 1
        return super().generic_visit(node)

    def is_hint(self, node):
        return isinstance(node, ast.If) and is_flag(node.test) and not node.orelse

    def generic_visit(self, node):
        """Give each block that is left empty a pass."""
        blocks = [name for name, value in ast.iter_fields(node) if is_block(value)]
        super().generic_visit(node)
        for name in blocks:
            if not getattr(node, name):
                setattr(node, name, [ast.Pass()])
        return node

    def visit_If(self, node):
        return None if self.is_hint(node) else self.generic_visit(node)

    def visit_Assign(self, node):
        is_unused = is_flag(node.targets[0]) and self.flag_is_unused
        return None if is_unused else self.generic_visit(node)

    def visit_AnnAssign(self, node):
        if node.value is None:
            return None
        assign = ast.parse("name = value").body[0]
        assign.targets, assign.value = [node.target], node.value
        return self.generic_visit(assign)

    def visit_Expr(self, node):
        return None if is_text(node.value) else self.generic_visit(node)

    def visit_FunctionDef(self, node):
        node.returns = None
        return self.generic_visit(node)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_arg(self, node):
        node.annotation = None
        return node


def is_flag(node):
    return isinstance(node, ast.Name) and node.id == "TYPE_CHECKING"


def is_block(value):
    return isinstance(value, list) and value and isinstance(value[0], ast.stmt)


def is_text(node):
    """Return whether a node is a string; there are two kinds of them before 3.8."""
    kind = type(node).__name__
    return kind in ("Str", "Bytes") or (
        kind == "Constant" and isinstance(node.value, (str, bytes))
    )


def source(text):
    return textwrap.dedent(text).lstrip("\n")


class StripTest(unittest.TestCase):
    def check(self, before, after):
        """It becomes this text, and the syntax trees say that nothing else changed."""
        self.assertEqual(strip_source(source(before)), source(after))
        self.check_tree(source(before))

    def check_tree(self, text):
        slim = strip_source(text)
        expected = Strip().visit(ast.parse(text))
        self.assertEqual(ast.dump(ast.parse(slim)), ast.dump(expected))
        self.assertEqual(strip_source(slim), slim)

    def test_comments_go_but_the_licence_and_the_shebang_stay(self):
        self.check(
            """
            #!/usr/bin/env python3
            # SPDX-License-Identifier: MIT
            # A comment.

            x = 1  # one
            if x:
                # A block may begin with a comment.
                y = "# no comment"
            # A comment between the blocks.
                z = [  # a bracket
                    1,

                    # two follows
                    2,
                ]
            """,
            """
            #!/usr/bin/env python3
            # SPDX-License-Identifier: MIT
            x = 1
            if x:
                y = "# no comment"
                z = [1, 2,]
            """,
        )

    def test_docstrings_go(self):
        self.check(
            '''
            """Of a module.

            Of two paragraphs.
            """
            class Empty(Exception):
                """Says it all."""

            class Full:
                "One " "and two"

                x = 1
                """Of an attribute."""

                def f(self):
                    r"""Of \\a function."""  # and a comment

                    return self
            ''',
            """
            class Empty(Exception):
                pass
            class Full:
                x = 1
                def f(self):
                    return self
            """,
        )

    def test_strings_that_are_used_and_lines_of_several_statements_stay(self):
        text = '''
            ",".join(x)
            "a"; y = 1
            ("a")
            f"{x}"
            def f(): "of one line"
            i: "lambda: 0"; j = 1
            if a: k: "int" = 1
            x = """
              # no comment

            last"""
            '''
        self.assertEqual(strip_source(source(text)), source(text))

    def test_annotations_of_variables_go(self):
        self.check(
            """
            a: "int" = 1
            b: int=2
            c : Dict[
                str, "List[int]"  # a comment
            ] = {"a": 1, "b": [1, 2][0:1]}
            d: "X = Y" = lambda x, y=1: {x: y}
            e: F(x=lambda y: {1: y}, z=a[1:2]) = g(x=1)
            self.f: "F"
            self.f[1:2]: "F" = g
            (h): int = \\
                1
            """,
            """
            a = 1
            b=2
            c = {"a": 1, "b": [1, 2][0:1]}
            d = lambda x, y=1: {x: y}
            e = g(x=1)
            self.f[1:2] = g
            (h) = \\
                1
            """,
        )

    def test_colons_that_begin_no_annotation_stay(self):
        text = """
            x = {1: 2, 3: lambda: 4}
            y[1:2] = x[::2]
            z = lambda a, *b, c={1: 2}, **d: a
            lambda: 0
            print(lambda x: x[1:2])
            assert x, lambda: 0
            for a in lambda: 0, lambda: 1:
                pass
            while lambda x=y: 0: break
            with a as b: pass
            try: pass
            except (A, B) as error: raise
            finally: pass
            class A(metaclass=B): pass
            """
        self.check(text, text)

    def test_signatures(self):
        self.check(
            """
            @decorate(key=lambda x: {1: x})
            def f(a: "A", *b: "B", c: Dict[str, int] = {"x": 1}, **d: "D") -> "E":
                return a

            async def g(
                self,
                a: "Callable[[int], str]" = lambda x, y=1: {x: y}[x],  # of a
                # of b
                b: "int"=3,
                *,
                c: List[
                    int  # one
                ],
                d=x[1:2],
                e: F(x=1, y=(2, 3)) = (4, 5),
            ) -> Dict[
                str, int
            ]:  # of all
                return a
            def h(): return 1
            def i(x: int) -> int: return x
            def j(a, b: "lambda x=1: 2" = lambda x=1: 2, *, c): ...
            def k(*, a): ...
            """,
            """
            @decorate(key=lambda x: {1: x})
            def f(a, *b, c = {"x": 1}, **d):
                return a
            async def g(LONG):
                return a
            def h(): return 1
            def i(x): return x
            def j(a, b = lambda x=1: 2, *, c): ...
            def k(*, a): ...
            """.replace(
                "LONG",
                "self, a = lambda x, y=1: {x: y}[x], b=3, *, c, d=x[1:2], e = (4, 5),",
            ),
        )

    def test_blocks_that_are_left_empty_pass(self):
        self.check(
            """
            class Point:
                '''Of two numbers.'''

                x: "int"  # across
                y: "int"

            def f():
                x: "int"

            if x:
                '''Nothing.'''
            else:
                y: int
            for z in x:
                if y:
                    z: int
            class Outer:
                class Inner:
                    x: int
                if TYPE_CHECKING:
                    y: int
            """,
            """
            class Point:
                pass
            def f():
                pass
            if x:
                pass
            else:
                pass
            for z in x:
                if y:
                    pass
            class Outer:
                class Inner:
                    pass
            """,
        )

    def test_lines_in_brackets_are_joined(self):
        self.check(
            """
            x = [
                (a and
            b),  # of a

            # of c
            c if a else
            (
                d,
            ), \\
            e  [ 1:2 ],
            ]
            f(print("{{ }}" "  "  'x'))
            """,
            """
            x = [(a and b), c if a else (d,), e [1:2],]
            f(print("{{ }}" "  " 'x'))
            """,
        )

    def test_what_is_for_type_checkers_only_goes(self):
        self.check(
            """
            import a

            TYPE_CHECKING = False
            if TYPE_CHECKING:
                from typing import (
                    Any,
                )

                if Any:
                    class B:
                        x: int
                # The end of the block.
                C = Any

            # After the block.
            def f():
                if TYPE_CHECKING:  # nothing else
                    pass

            def g():
                return 1
                if TYPE_CHECKING:
                    import b
            if TYPE_CHECKING:
                import c
            """,
            """
            import a
            def f():
                pass
            def g():
                return 1
            """,
        )

    def test_a_flag_that_is_asked_elsewhere_stays(self):
        for user in (
            "if TYPE_CHECKING:\n    a\nelse:\n    b\n",
            "if TYPE_CHECKING:\n    a\nelif c:\n    b\n",
            "if not TYPE_CHECKING:\n    a\n",
            "if TYPE_CHECKING: a\n",
        ):
            text = "TYPE_CHECKING = False\n" + user
            self.assertEqual(strip_source(text), text)
        self.check_tree("TYPE_CHECKING = False\nif TYPE_CHECKING:\n    a\nx = 1\n")

    def test_letters_beyond_ascii_move_nothing(self):
        self.check(
            """
            def f(x: "Ж" = "𝒳", y: "é" = "ñ") -> "漢字":  # ж
                return {"漢": x}  # 字
            """,
            """
            def f(x = "𝒳", y = "ñ"):
                return {"漢": x}
            """,
        )

    def test_ends_of_files(self):
        self.assertEqual(strip_source(""), "")
        self.assertEqual(strip_source("x = 1"), "x = 1\n")
        self.assertEqual(strip_source("if x:\n  y = 1 # end"), "if x:\n  y = 1\n")
        self.assertEqual(strip_source("if x:\n  '''y'''\n\n\n"), "if x:\n  pass\n")

    def test_each_module_of_ours(self):
        paths = [path for _, path in find_sources()]
        # The tests that stand beside this one are written in other ways.
        folder = os.path.dirname(os.path.abspath(__file__))
        paths += [
            os.path.join(folder, name)
            for name in os.listdir(folder)
            if name.endswith(".py")
        ]
        for path in paths:
            with self.subTest(path=path):
                self.check_tree(read_text(path))

    def test_nothing_is_left_to_strip(self):
        for name, path in find_sources():
            slim = strip_source(read_text(path))
            if slim.startswith("#!"):
                slim = slim.partition("\n")[2]
            self.assertTrue(slim.startswith("# SPDX-License-Identifier: MIT\n"), name)
            tokens = tokenize.generate_tokens(io.StringIO(slim).readline)
            comments = [one.string for one in tokens if one.type == tokenize.COMMENT]
            self.assertEqual(len(comments), 1, comments)
            # The packer itself knows what it looks for.
            if not name.endswith("slim.py"):
                self.assertNotIn("TYPE_CHECKING", slim)
            for node in ast.walk(ast.parse(slim)):
                self.assertIsNone(getattr(node, "annotation", None), name)
                self.assertIsNone(getattr(node, "returns", None), name)
                self.assertFalse(isinstance(node, ast.Expr) and is_text(node.value))
