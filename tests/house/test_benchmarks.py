# SPDX-License-Identifier: MIT
"""That the benchmarks run; what they measure is nobody's business here."""

import json
import os
import tempfile
import unittest

from ..support import run_python


class QuickTest(unittest.TestCase):
    def test_quick_mode(self):
        with tempfile.TemporaryDirectory() as folder:
            report = os.path.join(folder, "report.json")
            status, out, err = run_python(
                "-m", "benchmarks", "--quick", "--json", report
            )
            self.assertEqual(status, 0, err)
            with open(report, encoding="utf-8") as file:
                data = json.load(file)
        titles = " ".join(subject["title"] for subject in data["subjects"])
        for part in (
            "schedule",
            "encrypt 16",
            "decrypt 16",
            "new key",
            "message of 52",
        ):
            self.assertIn(part, titles)
        for part in (
            "warm send",
            "cold send",
            "discovery of 10",
            "polling 10",
            "10 cold calls",
            "our CPU",
            "import",
            "in a /28",
        ):
            self.assertIn(part, titles)
        for subject in data["subjects"]:
            self.assertIn(subject["title"], out)
            if not subject["notes"]:
                self.assertGreater(subject["rows"][0]["best"], 0)
        self.assertEqual(len(data["summary"]), 10)
        for line in data["summary"]:
            self.assertIn(line, out)
        for other in (
            "cryptography",
            "pycryptodome",
            "pyaes",
            "tlslite-ng",
            "python-miio",
        ):
            self.assertIn(other, out)
            self.assertIn(other, data["versions"])
