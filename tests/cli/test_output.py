# SPDX-License-Identifier: MIT
"""Where results and errors go, and what never reaches a terminal."""

import errno
import io
import os
from contextlib import redirect_stderr, redirect_stdout
from unittest import mock

from miio_pure import DeviceError, cli

from ..support import TOKEN
from ..support.commands import DeviceCase


class OutputTest(DeviceCase):
    def refuse(self, error, *args):
        """The status and stderr where stdout gives this error."""

        class Refusing(io.StringIO):
            def write(self, text):
                raise error

        err = io.StringIO()
        with mock.patch("os.dup2") as dup2, redirect_stdout(Refusing()):
            with redirect_stderr(err):
                status = cli.main([*self.at, "--token", TOKEN, *args])
        os.close(dup2.call_args[0][0])
        return status, err.getvalue()

    def test_nobody_reads_on(self):
        self.assertEqual(self.refuse(BrokenPipeError(), "--info"), (1, ""))

    def test_full_disk(self):
        error = OSError(errno.ENOSPC, "No space left on device")
        status, err = self.refuse(error, "--info")
        self.assertEqual((status, err.count("\n")), (1, 1))
        self.assertIn("cannot write the result: No space left", err)

    def test_nowhere_to_print(self):
        with mock.patch("sys.stdout", None), redirect_stderr(io.StringIO()) as err:
            self.assertEqual(cli.main([*self.at, "--token", TOKEN, "--info"]), 0)
            self.assertEqual(cli.main(["--help"]), 0)
        self.assertEqual(err.getvalue(), "")

    def test_nowhere_to_complain(self):
        for stderr in (None, mock.Mock(write=mock.Mock(side_effect=OSError))):
            with mock.patch("sys.stderr", stderr), redirect_stdout(
                io.StringIO()
            ) as out:
                self.assertEqual(cli.main(["--nonsense"]), 2)
            self.assertEqual(out.getvalue(), "")

    def test_control_characters_stay_away_from_the_terminal(self):
        def work(params):
            raise DeviceError(-1, "\x1b[2J\x07\r\nerror: \x9b\u202e\u20ac")

        self.device.methods["evil"] = work
        error = self.check_failure(
            1, *self.at, "--token", TOKEN, "--sendcmd", '{"method":"evil"}'
        )
        self.assertIn(r"\x1b[2J\x07\r\nerror: \x9b\u202e", error)
        self.assertIn("\u20ac", error)
