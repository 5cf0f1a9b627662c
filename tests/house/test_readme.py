# SPDX-License-Identifier: MIT
"""README.rst names what the command line has, no more and no less."""

import os
import re
import unittest

from ..support import ROOT, house, run_cli

# A row of a table begins with its flags, in double backquotes; a line of the help with
# the flag, behind two spaces.
ROW = re.compile(r"^``(--[^`]*)``", re.MULTILINE)
HELP = re.compile(r"^  (--[^ ]+|-h, --help)", re.MULTILINE)
FLAG = re.compile(r"--[a-z][a-z-]*")


class FlagsTest(unittest.TestCase):
    def test_the_table_has_all_flags_of_the_help(self):
        status, shown, _ = run_cli("--help")
        self.assertEqual(status, 0)
        flags = set(FLAG.findall(" ".join(HELP.findall(shown))))
        self.assertGreater(len(flags), 10)
        readme = house.read_source(os.path.join(ROOT, "README.rst"))
        self.assertEqual(set(FLAG.findall(" ".join(ROW.findall(readme)))), flags)
