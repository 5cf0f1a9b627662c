# SPDX-License-Identifier: MIT
"""What several tests share: vectors, a wire in memory, the command line in this
process."""

import contextlib
import io
import json
import os
import subprocess
import sys
import unittest
from unittest import mock

from miio_pure import cli

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(TESTS)
TOKEN = "00112233445566778899aabbccddeeff"
CLOSED_PORT = 1  # of loopback: a free one may be taken by somebody at any moment
OTHER_TOKEN = "ffeeddccbbaa99887766554433221100"


def vectors():
    with open(os.path.join(TESTS, "vectors", "packets.json"), encoding="utf-8") as file:
        return json.load(file)


def run_cli(*args, env=None):
    """Run the command line in this process: (status, stdout, stderr)."""
    out, err = io.StringIO(), io.StringIO()
    environment = {
        name: value for name, value in os.environ.items() if name != "MIIO_TOKEN"
    }
    environment.update(env or {})
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(
        err
    ), mock.patch.dict(os.environ, environment, clear=True):
        status = cli.main(list(args))
    return status, out.getvalue(), err.getvalue()


def run_python(*args, **options):
    """Run this interpreter on args in its own process: (status, stdout, stderr)."""
    done = subprocess.run(
        [sys.executable] + list(args),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=60,
        cwd=options.pop("cwd", ROOT),
        **options,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class CliCase(unittest.TestCase):
    """Checks what every failure of the command line has in common."""

    def check_failure(self, status, *args, env=None):
        """It ends with this status and one line on stderr, which is returned."""
        actual, out, err = run_cli(*args, env=env)
        self.assertEqual((actual, out), (status, ""), err)
        # Lines that show the place of an error are indented.
        self.assertRegex(err, r"\Aerror: [^\n]*\n(?:  [^\n]*\n)*\Z")
        return err
