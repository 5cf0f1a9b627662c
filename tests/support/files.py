# SPDX-License-Identifier: MIT
"""Temporary files, and walks through them."""

import os
import tempfile
import unittest

from miio_pure import MiioError
from miio_pure.files.effort import Effort
from miio_pure.files.walk import Walk


class FolderCase(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, data, *names):
        path = self.path(*names or ("file",))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        return path


class WalkCase(FolderCase):
    """A test of what Walk yields."""

    def walk(self, path=None, password=None, effort=None):
        """Return {path below the folder: bytes} and the errors and notes, as text."""
        walk = Walk(effort or Effort(), lambda: password)
        found = {}
        for leaf in walk.leaves(path or self.folder):
            name = leaf.path.replace(self.folder + os.sep, "")
            self.assertNotIn(name, found)
            try:
                found[name] = leaf.file.read()
            except MiioError as error:
                walk.fail(leaf.path, error)
        said = walk.notes + [(path, str(error)) for path, error in walk.errors]
        return found, " ".join(text for _, text in said)

    def contents(self, data, **options):
        """Return the contents of all leaves of a file; there must be no error."""
        found, said = self.walk(self.write(data), **options)
        self.assertEqual(said, "")
        return list(found.values())

    def check_error(self, data, text, **options):
        """Check that the walk through a file says this; return the leaves."""
        found, said = self.walk(self.write(data), **options)
        self.assertRegex(said, text)
        return found
