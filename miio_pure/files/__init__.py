# SPDX-License-Identifier: MIT
"""Reads other programs' files: folders, archives, backups and databases.

from miio_pure.files.walk import Walk
for leaf in Walk().leaves("backup.ab"):
    print(leaf.path, leaf.head[:16])
"""
