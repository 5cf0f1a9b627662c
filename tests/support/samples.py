# SPDX-License-Identifier: MIT
"""The sample files with tokens, and what is expected of them."""

import json
import os
import tempfile
import unittest

from miio_pure import MiioError
from miio_pure.tokens import find

from . import TESTS

SAMPLES = os.path.join(TESTS, "samples", "tokens")
FIELDS = ("did", "ip", "mac", "model", "name", "token")


def sample(*names):
    with open(os.path.join(SAMPLES, *names), "rb") as file:
        return file.read()


def expected():
    with open(os.path.join(SAMPLES, "EXPECTED.json"), encoding="utf-8") as file:
        return json.load(file)


def told(records):
    """What there is to tell of devices, in any order."""
    return sorted(
        sorted((key, value) for key, value in facts.items() if value and key in FIELDS)
        for facts in records
    )


class FilesCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def write(self, data, *names):
        path = os.path.join(self.folder, *names or ("file",))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def search(self, data, *names, **options):
        return find(self.write(data, *names), **options)

    def tokens(self, data, *names, **options):
        found = self.search(data, *names, **options)
        return [record.token for record in found.records]

    def refused(self, data, text, **options):
        """It raises a MiioError that says so."""
        with self.assertRaisesRegex(MiioError, text):
            self.search(data, **options)
