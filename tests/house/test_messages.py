# SPDX-License-Identifier: MIT
"""Rules that all messages keep; `python3 -m tests.support.messages` lists them."""

import re
import unittest

from ..support import messages

# A message goes on after "error: ", so it begins in lower case, except for names.
NAMES = ("CBC", "HOME", "JSON", "Mi Home", "SQLite")
# Texts that are no messages to the user: the help, and what real devices say.
OTHERS = ("cli/arguments.py", "simulator/device.py")
# Words that a colleague would not say, or that blame the user.
AVOIDED = ("bad input", "beneath", "forbidden input", "illegal", "one's", "oops")
AVOIDED += ("please", "shall", "thereof", "upon", "whilst", "whoever", "whom")


class MessagesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        found = messages.find_messages()
        cls.messages = [one for one in found if one.path not in OTHERS]

    def check(self, is_wrong):
        wrong = ["%s:%d: %s" % one for one in self.messages if is_wrong(one.text)]
        self.assertEqual(wrong, [])

    def test_the_list_has_messages_of_every_kind(self):
        texts = {one.text for one in self.messages}
        # An error, a note, a constant, a meaning of a code, and a choice of two.
        for text in (
            "not a hello reply",
            "warning: %s",
            "standard output is closed",
            "this property cannot be read",
            "the port is closed: no miIO device is there, or a firewall blocks it",
        ):
            self.assertTrue(text in texts, text)

    def test_no_message_begins_with_a_capital_except_for_names(self):
        self.check(lambda text: text[0].isupper() and not text.startswith(NAMES))

    def test_no_message_ends_with_a_full_stop(self):
        self.check(lambda text: text.endswith(".") and not text.endswith(" ..."))

    def test_no_message_has_double_spaces(self):
        self.check(lambda text: "  " in text.strip())

    def test_no_message_has_a_word_that_we_avoid(self):
        pattern = r"\b(?:%s)\b" % "|".join(AVOIDED)
        self.check(lambda text: re.search(pattern, text, re.I))
