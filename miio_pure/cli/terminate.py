# SPDX-License-Identifier: MIT
"""Handles SIGTERM, with which a service manager or `kill` asks a program to end."""

import signal

from .output import silence_stdout


class Terminated(BaseException):
    """SIGTERM has come: somebody wants this program to end."""


class Termination:
    """Lets SIGTERM end the code in a `with` block as if it were done.

    A second SIGTERM ends the process at once. Output that could not be printed by then
    is dropped, because there may be no reader any more.
    """

    def __enter__(self) -> None:
        self._before = signal.signal(signal.SIGTERM, self._end)

    def __exit__(self, kind: object, *rest: object) -> bool:
        signal.signal(signal.SIGTERM, self._before)
        if kind is not Terminated:
            return False
        silence_stdout()
        return True

    @staticmethod
    def _end(number: int, frame: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise Terminated
