# SPDX-License-Identifier: MIT
"""The sample files with tokens, and what is expected of them."""

import json
import os

from miio_pure import MiioError
from miio_pure.tokens import find

from . import TESTS
from .files import FolderCase

SAMPLES = os.path.join(TESTS, "samples", "tokens")
# What other programs keep; see EXPECTED.json in it, too.
STORES = os.path.join(TESTS, "samples", "stores")
FIELDS = ("device_id", "address", "mac", "model", "name", "token")


def sample(*names, folder=SAMPLES):
    with open(os.path.join(folder, *names), "rb") as file:
        return file.read()


def expected(folder=SAMPLES):
    return json.loads(sample("EXPECTED.json", folder=folder).decode("utf-8"))


def read_stores():
    """Yield the path of each sample of a store, its bytes and the devices in it."""
    for path, case in expected(STORES).items():
        if not os.path.isdir(os.path.join(STORES, *path.split("/"))):
            data = sample(*path.split("/"), folder=STORES)
            yield path, data, case.get("devices", [])


def told(records):
    """Return what there is to tell of devices, in any order."""
    return sorted(
        sorted((key, value) for key, value in facts.items() if value and key in FIELDS)
        for facts in records
    )


class FilesCase(FolderCase):
    """A test of the devices that are found in files."""

    def search(self, data, *names, **options):
        return find(self.write(data, *names), **options)

    def facts(self, text, *names):
        """Return what is found in a text, as dicts of what is known."""
        data = text if isinstance(text, bytes) else text.encode("utf-8")
        records = self.search(data, *names).records
        return [
            {
                key: value
                for key, value in one.facts().items()
                if value and key in FIELDS
            }
            for one in records
        ]

    def tokens(self, data, *names, **options):
        found = self.search(data, *names, **options)
        return [record.token for record in found.records]

    def refused(self, data, text, **options):
        """Check that the search raises a MiioError that says so."""
        with self.assertRaisesRegex(MiioError, text):
            self.search(data, **options)
