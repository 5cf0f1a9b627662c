# SPDX-License-Identifier: MIT
"""Where results and errors go, and what never reaches a terminal."""

import errno
import io
import os
import threading
import unittest
from contextlib import redirect_stderr, redirect_stdout
from unittest import mock

from miio_pure import DeviceError, PayloadError, cli
from miio_pure.cli import output

from ..support import TOKEN
from ..support.commands import DeviceCase, Terminal


class StreamsTest(DeviceCase):
    def refuse(self, error, **patches):
        """Return the status and stderr where stdout gives this error."""

        class Refusing(io.StringIO):
            def write(self, text):
                raise error

            def fileno(self):
                return 1

        line = self.complete("info 127.0.0.1", (), TOKEN)
        with mock.patch("os.dup2") as dup2, redirect_stdout(Refusing()):
            with redirect_stderr(io.StringIO()) as err:
                with mock.patch.dict(os.environ, {"HOME": self.home}):
                    status = cli.main(line)
        os.close(dup2.call_args[0][0])
        return status, err.getvalue()

    def test_nobody_reads_on(self):
        self.assertEqual(self.refuse(BrokenPipeError()), (1, ""))

    def test_a_full_disk(self):
        error = OSError(errno.ENOSPC, "No space left on device")
        status, err = self.refuse(error)
        self.assertEqual((status, err.count("\n")), (1, 1))
        self.assertIn("cannot write the result: No space left", err)

    def test_a_full_disk_where_there_is_no_dev_null(self):
        refusal = mock.patch("os.open", side_effect=FileNotFoundError)
        with refusal:
            status, err = self.refuse(OSError(errno.ENOSPC, "No space left on device"))
        self.assertEqual((status, err.count("\n")), (1, 1))

    def test_a_host_that_gives_nothing_at_all(self):
        error = OSError(errno.EMFILE, "Too many open files")
        with mock.patch("os.open", side_effect=error), mock.patch(
            "os.pipe", side_effect=error
        ):
            output.silence_stdout()

    def test_a_result_that_nobody_gets_is_a_failure(self):
        for args in (self.complete("info 127.0.0.1", (), TOKEN), ["--help"]):
            with mock.patch("sys.stdout", None), mock.patch("os.dup2") as dup2:
                with redirect_stderr(io.StringIO()) as err:
                    self.assertEqual(cli.main(args), 1)
            # A file that was opened since then may have the number of stdout.
            dup2.assert_not_called()
            self.assertIn("standard output is closed", err.getvalue())

    def test_nowhere_to_complain(self):
        for stderr in (None, mock.Mock(write=mock.Mock(side_effect=OSError))):
            with mock.patch("sys.stderr", stderr):
                with redirect_stdout(io.StringIO()) as out:
                    self.assertEqual(cli.main(["--nonsense"]), 2)
            self.assertEqual(out.getvalue(), "")

    def test_control_characters_stay_away_from_the_terminal(self):
        def refuse(params):
            raise DeviceError(-1, "\x1b[2J\x07\r\nerror: \x9b\u202e\u20ac")

        self.device.methods["evil"] = refuse
        error = self.fail_at(4, "send 127.0.0.1 evil")
        self.assertIn(r"\x1b[2J\x07\r\nerror: \x9b\u202e", error)
        self.assertIn("\u20ac", error)

    def test_a_terminal_that_knows_ascii_only(self):
        out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
        with mock.patch("sys.stdout", out):
            output.print_line("\u043b\u0430")
        self.assertEqual(out.buffer.getvalue(), b"\\u043b\\u0430\n")

    def test_a_closed_stream_is_no_terminal(self):
        stream = io.StringIO()
        stream.close()
        self.assertFalse(output.is_terminal(stream))

    def test_what_json_cannot_say(self):
        with self.assertRaisesRegex(PayloadError, "the result cannot be printed"):
            output.format_json(float("inf"))


class WidthTest(unittest.TestCase):
    def test_widths_are_those_of_a_terminal(self):
        for text, width in (
            ("", 0),
            ("lamp", 4),
            ("\u00fcber", 4),
            ("\u043b\u0430\u043c\u043f\u0430", 5),
            ("\u706f", 2),
            ("\uff34", 2),
            ("\uac00", 2),
            ("e\u0301", 1),
            ("\u200d", 0),
            ("\U0001f4a1", 2),
            ("\U0001f468\u200d\U0001f469", 4),
        ):
            self.assertEqual(output.measure(text), width, ascii(text))

    def test_widths_are_those_of_unicode(self):
        import unicodedata

        # Other versions of Python know other versions of Unicode.
        differ = sum(
            (unicodedata.east_asian_width(chr(code)) in "WF")
            != (output.measure(chr(code)) == 2)
            for code in range(0x20, 0x20000)
            if unicodedata.category(chr(code)) not in ("Cn", "Co", "Cs", "Mn")
        )
        # Each version of Unicode adds some: 188 differ in that of Python 3.14.
        self.assertLess(differ, 400)

    def test_what_is_shortened_fits(self):
        self.assertEqual(output.shorten("lamp", 4), "lamp")
        self.assertEqual(output.shorten("lamps", 4), "lam\u2026")
        self.assertEqual(output.shorten("\u706f\u706f\u706f", 4), "\u706f\u2026")


class TableTest(unittest.TestCase):
    def table(self, out, *args, **options):
        with mock.patch("sys.stdout", out):
            output.print_table(*args, **options)
        return out.getvalue().splitlines()

    def test_columns_are_aligned_whatever_their_characters(self):
        rows = [("\u706f", "x"), ("e\u0301", "y"), ("lamp", "z")]
        lines = self.table(io.StringIO(), ("name", "b"), rows)
        self.assertEqual(lines, ["name  b", "\u706f    x", "e\u0301     y", "lamp  z"])

    def test_a_terminal_gets_80_columns(self):
        headings = ("a", "b", "c")
        rows = [("x" * 30, "y" * 60, "z" * 40)]
        lines = self.table(Terminal(), headings, rows, ("b",), ("a", "c"))
        self.assertEqual(lines, ["a" + " " * 31 + "c", "x" * 30 + "  " + "z" * 40])
        lines = self.table(Terminal(), headings, rows, ("b", "a"), ("c",))
        self.assertEqual(output.measure(lines[1]), 72)
        lines = self.table(Terminal(), headings, rows, (), ("a", "c"))
        self.assertEqual(output.measure(lines[1]), 80)
        self.assertIn("x\u2026  " + "y" * 60, lines[1])
        lines = self.table(Terminal(), headings, [("x" * 9, "y" * 90, "z")], (), ("a",))
        self.assertEqual(lines[1], "xxxxx\u2026  " + "y" * 90 + "  z")

    def test_a_pipe_gets_everything(self):
        rows = [("x" * 100, "y" * 60)]
        lines = self.table(io.StringIO(), ("a", "b"), rows, ("b",), ("a",))
        self.assertEqual(lines[1], "x" * 100 + "  " + "y" * 60)


class Seen(Terminal):
    """A terminal that tells when something was written."""

    def __init__(self):
        super().__init__()
        self.written = threading.Event()

    def write(self, text):
        super().write(text)
        self.written.set()


class WaitingTest(unittest.TestCase):
    def test_waiting_is_shown_on_a_terminal_and_cleared(self):
        with mock.patch("sys.stderr", Seen()) as err:
            with output.Waiting("waiting for \x1blamp", delay=0.0):
                self.assertTrue(err.written.wait(20))
            output.say("done")
        self.assertEqual(err.getvalue(), "\r\x1b[Kwaiting for \\x1blamp\r\x1b[Kdone\n")

    def test_the_text_may_change_while_it_is_shown(self):
        with mock.patch("sys.stderr", Seen()) as err:
            with output.Waiting("one", delay=0.0) as waiting:
                self.assertTrue(err.written.wait(20))
                waiting.change("two")
        self.assertEqual(err.getvalue(), "\r\x1b[Kone\r\x1b[Ktwo\r\x1b[K")

    def test_a_text_that_changes_early_is_not_shown_yet(self):
        with mock.patch("sys.stderr", Seen()) as err:
            with output.Waiting("one") as waiting:
                waiting.change("two")
        self.assertEqual(err.getvalue(), "")

    def test_results_do_not_stand_behind_it(self):
        with mock.patch("sys.stderr", Seen()) as err:
            with mock.patch("sys.stdout", err):
                with output.Waiting("waiting", delay=0.0):
                    self.assertTrue(err.written.wait(20))
                    output.print_line("result")
        self.assertEqual(err.getvalue(), "\r\x1b[Kwaiting\r\x1b[Kresult\n")

    def test_a_short_wait_is_silent_and_so_is_a_pipe(self):
        with mock.patch("sys.stderr", Terminal()) as err:
            with output.Waiting("waiting"):
                pass
            self.assertEqual(err.getvalue(), "")
        with mock.patch("sys.stderr", io.StringIO()) as err:
            with output.Notice() as notice:
                notice.show("waiting")
            self.assertEqual(err.getvalue(), "")

    def test_a_system_without_threads_waits_in_silence(self):
        with mock.patch("sys.stderr", Terminal()) as err:
            with mock.patch(
                "miio_pure.cli.output.start_new_thread", side_effect=RuntimeError
            ):
                with output.Waiting("waiting"):
                    pass
            self.assertEqual(err.getvalue(), "")

    def test_a_terminal_that_is_gone(self):
        err = mock.Mock(
            isatty=lambda: True, write=mock.Mock(side_effect=OSError(5, "gone"))
        )
        with mock.patch("sys.stderr", err):
            with output.Notice() as notice:
                notice.show("waiting")
        self.assertTrue(err.write.called)
