# SPDX-License-Identifier: MIT
"""Finds devices and their tokens in what other programs leave behind.

from miio_pure.tokens import find
for record in find("miio2.db").records:
    print(record.name, record.device_id, record.token)
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from typing import Callable, Optional, Union

    from .search import Findings, Progress

__all__ = ["find"]


def find(
    *paths: "Union[str, os.PathLike[str]]",
    password: "Union[str, Callable[[], Optional[str]], None]" = None,
    progress: "Optional[Progress]" = None,
) -> "Findings":
    """Return the devices in files and folders, with their tokens.

    The Findings have: records, a list of the devices that have a token (see Record in
    devices); without, those that have none; and notes, pairs of a path and a text.

    password: of encrypted backups, or a function that asks for it. progress: called
    with the path of each file, also of those in archives.

    Raises MiioError if nothing was found and a file is damaged, locked, too large or
    missing; where something was found, that becomes a note. Nothing is written.
    """
    import os

    from .search import find

    return find([os.fspath(path) for path in paths], password, progress)
