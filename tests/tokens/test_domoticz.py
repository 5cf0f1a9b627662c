# SPDX-License-Identifier: MIT
"""Devices in the database of Domoticz."""

from ..support.databases import make_database
from ..support.samples import FilesCase

TOKEN = "0123456789abcdef0123456789abcdef"
CREATE = (
    "create table Hardware (ID integer primary key, Name varchar, Address varchar, "
    "Extra text, Mode1 char, Mode2 char default 0, Mode6 char)"
)


class DomoticzTest(FilesCase):
    def read(self, address, plugin, *modes):
        values = ", ".join(
            "NULL" if one is None else "'%s'" % one
            for one in ("Fan", address, plugin) + modes
        )
        insert = "insert into Hardware(Name, Address, Extra, Mode1, Mode2, Mode6)"
        return self.facts(make_database(CREATE, "%s values (%s)" % (insert, values)))

    def test_the_token_is_in_any_mode(self):
        found = [{"name": "Fan", "address": "192.168.1.5", "token": TOKEN}]
        for modes in ((TOKEN, "0", ""), ("x", TOKEN, None), ("1", "2", TOKEN)):
            for plugin in ("xiaomi-mi-robot-vacuum", "MiioFan", "Mi-Purifier"):
                self.assertEqual(self.read("192.168.1.5", plugin, *modes), found)

    def test_what_is_not_clear_or_of_others_is_left_out(self):
        for args in (
            ("192.168.1.5", "xiaomi-x", TOKEN, TOKEN, ""),
            ("192.168.1.5", "plugwise", TOKEN, "", ""),
            ("192.168.1.5", "minecraft", TOKEN, "", ""),
            ("192.168.1.5", None, TOKEN, "", ""),
            ("192.168.1.5,192.168.1.6", "xiaomi-x", TOKEN, "", ""),
            ("", "xiaomi-x", TOKEN, "", ""),
        ):
            self.assertEqual(self.read(*args), [])
