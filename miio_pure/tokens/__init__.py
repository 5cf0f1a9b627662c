# SPDX-License-Identifier: MIT
"""Tokens out of what Mi Home leaves behind: databases, backups, caches, logs.

    from miio_pure.tokens import find
    for record in find("miio2.db").records:
        print(record.name, record.did, record.token)
"""

from .record import Record
from .search import Findings, find
from .store import Store

__all__ = ["Findings", "Record", "Store", "find"]
