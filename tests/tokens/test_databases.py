# SPDX-License-Identifier: MIT
"""Devices in the databases of Mi Home."""

import os

from miio_pure.files.effort import RECORD, Effort, TooMuch
from miio_pure.files.streams import hold
from miio_pure.files.walk import Leaf
from miio_pure.tokens import find
from miio_pure.tokens.databases import find_in_database

from ..support import backups
from ..support.databases import make_database
from ..support.samples import SAMPLES, FilesCase, sample


class DatabaseTest(FilesCase):
    def test_a_log_beside_it_is_wanted_and_used(self):
        without = self.search(sample("wal", "miio2.db"), "alone", "miio2.db")
        self.assertIn("-wal file", without.notes[0][1])
        self.write(sample("wal", "miio2.db-wal"), "both", "miio2.db-wal")
        both = self.search(sample("wal", "miio2.db"), "both", "miio2.db")
        self.assertEqual((len(both.records), both.notes), (3, []))
        self.assertLess(len(without.records), 3)

    def test_a_log_in_an_archive_is_used(self):
        log, base = sample("wal", "miio2.db-wal"), sample("wal", "miio2.db")
        packed = backups.tar({"db/miio2.db-wal": log, "db/miio2.db": base})
        found = self.search(packed)
        self.assertEqual((len(found.records), found.notes), (3, []))
        self.assertIn(":db/miio2.db", found.records[0].source)

    def test_sub_devices_are_explained(self):
        found = find(os.path.join(SAMPLES, "variants", "miio2-v39-2020.db"))
        reasons = {record.name: record.why for record in found.without}
        self.assertIn("gateway", reasons["Door sensor"])
        self.assertIn("cameras", reasons["Mi Action Cam"])

    def test_an_app_that_keeps_no_tokens_is_explained(self):
        path = os.path.join(SAMPLES, "variants", "miio2-app5.0.31-empty-tokens.db")
        self.assertIn("5.0.31", find(path).notes[0][1])

    def test_the_tokens_of_ios_are_decrypted(self):
        database = sample("ios", "1234567890_mihome.sqlite")
        good = b"476e6b7034305548"
        # It is encrypted there.
        self.assertNotIn(good, database)
        start = database.index(b"0143db63ee66b0cdff9f69917680151e")
        spoiled = database[:start] + b"1" + database[start + 1 :]
        self.assertIn(96, [len(token) for token in self.tokens(spoiled)])

    def test_other_databases_have_nothing(self):
        data = sample("miio2.db").replace(b"devicerecord", b"somethingels")
        found = self.search(data)
        self.assertEqual((found.records, found.without, found.notes), ([], [], []))

    def test_texts_may_be_stored_as_blobs(self):
        data = make_database(
            "create table devicerecord(did, token, name)",
            "insert into devicerecord values (7, cast('%032x' as blob), x'c3bc')" % 5,
        )
        (found,) = self.search(data).records
        self.assertEqual((found.token, found.name), ("%032x" % 5, "ü"))

    def many(self):
        """Return a database of 39 devices, on pages of 512 bytes."""
        rows = ["('%d', '%032x', '%s')" % (n, n, "x" * 100) for n in range(1, 40)]
        return make_database(
            "create table devicerecord(did, token, name)",
            *["insert into devicerecord values " + row for row in rows],
        )

    def test_a_database_that_is_cut_off_is_an_error(self):
        self.refused(
            self.many()[: 512 * 6], "page . of . is missing|page .* is missing"
        )

    def test_what_comes_before_a_limit_counts(self):
        data = self.many()
        leaf = Leaf("x", 0.0, len(data), hold(data), Effort(20 * RECORD))
        found = []
        with self.assertRaises(TooMuch):
            for record in find_in_database(leaf):
                found.append(record)
        self.assertGreater(len(found), 5)
