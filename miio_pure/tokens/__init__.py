# SPDX-License-Identifier: MIT
"""Tokens out of what Mi Home leaves behind: databases, backups, caches, logs.

from miio_pure.tokens import find
for record in find("miio2.db").records:
    print(record.name, record.did, record.token)
"""

from .record import Record
from .store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Optional, Union

    from .search import Findings, Progress

__all__ = ["Record", "Store", "find"]


def find(
    *paths: str,
    password: "Union[str, Callable[[], Optional[str]], None]" = None,
    progress: "Optional[Progress]" = None,
) -> "Findings":
    """The devices in files and folders, with their tokens.

    password: of encrypted backups, or what asks for it. progress: called with the name
    of each file and of what is packed in it.

    Raises MiioError if nothing was found and a file is damaged, locked, too large or
    not there; where something was found, that becomes a note. Nothing is written.
    """
    from .search import find  # the largest part: a Store has no use for it

    return find(paths, password, progress)
