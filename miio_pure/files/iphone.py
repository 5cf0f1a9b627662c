# SPDX-License-Identifier: MIT
"""Finds the files of Mi Home in the folder of an iPhone's backup, and reads its tokens.

The name of a file there is a hash, such as 3d/3d0d7e5f..., and Manifest.db lists the
name that it had on the phone.
"""

from ..aes import AES, unpad
from ..errors import MiioError
from .sqlite import Database

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, Tuple

MANIFEST = "Manifest.db"
LOCKED = (
    "not readable, as in an encrypted backup of an iPhone: make one without a "
    "password, or get the tokens out of Xiaomi's cloud with a tool such as "
    "Xiaomi-cloud-tokens-extractor, and give its output to tokens"
)
_APP = "AppDomain-com.xiaomi.mihome"
_HEX = set("0123456789abcdefABCDEF")


def list_files(manifest: Database) -> "Iterator[Tuple[str, str]]":
    """Yield (path in the folder, path on the phone) for each file of Mi Home."""
    if "files" not in manifest.tables:
        raise MiioError("this Manifest.db is not that of an iPhone's backup")
    # The manifest lists the files of all apps, with a property list for each.
    for row in manifest.rows("files", _APP.encode()):
        name, path = row.get("fileid"), row.get("relativepath")
        if row.get("domain") == _APP and isinstance(path, str):
            if isinstance(name, str) and name and _HEX.issuperset(name):
                yield name[:2] + "/" + name, path


def decrypt_token(text: str) -> str:
    """Decrypt a token that iOS encrypted with AES-128-ECB under zeros; keep others."""
    if len(text) < 64 or len(text) % 32 or not _HEX.issuperset(text):
        return text
    cipher, data = AES(bytes(16)), bytes.fromhex(text)
    blocks = [data[i : i + 16] for i in range(0, len(data), 16)]
    plain = b"".join([cipher.decrypt_block(block) for block in blocks])
    try:
        return unpad(plain).decode("ascii")
    except ValueError:
        return text
