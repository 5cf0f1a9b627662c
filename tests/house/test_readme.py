# SPDX-License-Identifier: MIT
"""README.rst names what the command line has, no more and no less."""

import os
import re
import unittest

from miio_pure.cli.arguments import COMMANDS, OPTIONS

from ..support import ROOT, house

# A row of the table of commands begins with the command and its arguments, in double
# backquotes.
ROW = re.compile(r"^``([a-z][^`]*)``  +[a-z]", re.MULTILINE)
# A command of ours, but not one of another program, such as scp or apk.
OURS = re.compile(r"miio[-_]pure [a-z][^|\n]*")
OPTION = re.compile(r" (--[a-z-]+)")
MAX_WORDS = 2500


class CommandsTest(unittest.TestCase):
    def setUp(self):
        self.text = house.read_source(os.path.join(ROOT, "README.rst"))

    def test_the_table_has_all_commands_with_their_arguments(self):
        wanted = {
            ("%s %s" % (command.name, command.arguments)).strip()
            for command in COMMANDS
        }
        self.assertGreater(len(wanted), 10)
        rows = {row for row in ROW.findall(self.text) if row.split()[0] in NAMES}
        self.assertEqual(rows, wanted)

    def test_every_option_in_a_command_line_exists(self):
        commands = OURS.findall(self.text)
        options = {one for text in commands for one in OPTION.findall(text)}
        self.assertGreater(len(options), 3)
        self.assertLessEqual(options, {"--" + name for name in OPTIONS})

    def test_it_is_short_enough_to_be_read(self):
        self.assertLessEqual(len(self.text.split()), MAX_WORDS)


NAMES = {command.name.split()[0] for command in COMMANDS}
