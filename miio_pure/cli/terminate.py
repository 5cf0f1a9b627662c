# SPDX-License-Identifier: MIT
"""SIGTERM, which is how a service manager or `kill` asks a program to end."""

import signal

from .output import silence_stdout


class Terminated(BaseException):
    """SIGTERM: whoever started us wants us to end."""


class Termination:
    """Lets SIGTERM end what stands in its context, as if that were done.

    A context manager. The second SIGTERM ends the process at once. What could not be
    printed by then is dropped, as nobody may be reading it.
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
