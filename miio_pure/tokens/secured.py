# SPDX-License-Identifier: MIT
"""Recognises encrypted files, and tells the user what to do instead."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator

    from ..devices import Record
    from ..files.walk import Leaf

# The archives in an encrypted backup of Home Assistant begin with this.
_SECURE_TAR = b"SecureTar"
SECURED = (
    "encrypted, as in a backup of Home Assistant with a password: download it from "
    "Home Assistant's page of backups, which decrypts it, or give the file "
    ".storage/core.config_entries"
)


def is_secured(leaf: "Leaf") -> bool:
    """Tell whether a leaf is a part of an encrypted backup of Home Assistant."""
    return leaf.head.startswith(_SECURE_TAR)


def note_secured(leaf: "Leaf") -> "Iterator[Record]":
    """Note that the file is encrypted; yield no device."""
    leaf.notes.append(SECURED)
    return iter(())
