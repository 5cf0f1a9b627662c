# SPDX-License-Identifier: MIT
"""Ctrl-C at a chosen step of our own code."""

import sys
import threading


class Interrupter:
    """Raises KeyboardInterrupt at one step, an opcode or a line, of some files."""

    def __init__(self, step, files, has_opcodes):
        self.left = step
        self._files = files
        # Python 3.6 traces lines only, and 3.7 to 3.9 crash where a trace function
        # raises at an opcode in which an object is being made.
        self._has_opcodes = has_opcodes and sys.version_info >= (3, 10)

    def __call__(self, frame, event, argument):
        if not frame.f_code.co_filename.endswith(self._files):
            return None
        if self._has_opcodes:
            frame.f_trace_opcodes = True
        if event in ("opcode", "line"):
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
        return self


def interrupt(work, step, *files, has_opcodes=True):
    """Do work with an interrupt at this step; return whether there was such a step."""
    interrupter = Interrupter(step, files, has_opcodes)

    def trace():
        sys.settrace(interrupter)
        try:
            work()
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(None)

    # Each thread has a trace function of its own, and this one's may be in use.
    thread = threading.Thread(target=trace)
    thread.start()
    thread.join()
    return interrupter.left <= 0
