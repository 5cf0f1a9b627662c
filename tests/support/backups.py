# SPDX-License-Identifier: MIT
"""Makes backups, archives and parcels."""

import io
import struct
import tarfile
import zipfile
import zlib

from miio_pure.aes import AES, pad
from miio_pure.files.backup import pbkdf2

DEVICE = {
    "did": "55393227",
    "token": "476e6b70343055483230644c53707a12",
    "name": "Mi Robot Vacuum",
    "model": "rockrobo.vacuum.v1",
    "localip": "192.168.1.45",
    "mac": "28:6C:07:AA:BB:01",
}


def tar(members, form=tarfile.USTAR_FORMAT):
    """Return a tar of {name: bytes}."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(data), 1547000000
            archive.addfile(entry, io.BytesIO(data))
    return file.getvalue()


def zipped(members, method=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def backup(
    body, version=3, compress=True, password=None, eight_bit=False, rounds=10, blob=None
):
    """Return an .ab.

    eight_bit: as the first version of some phones wrote characters. blob: what takes
    the place of the master key.
    """
    if compress:
        body = zlib.compress(body)
    header = "ANDROID BACKUP\n%d\n%d\n" % (version, compress)
    if password is None:
        return header.encode() + b"none\n" + body
    salt, check_salt, iv = b"s" * 64, b"c" * 64, b"i" * 16
    # Java writes bytes below and above 0x80 in different ways.
    master, master_iv = bytes(range(0x70, 0x90)), b"m" * 16
    if eight_bit:
        text, chars = password.encode("latin-1"), master
    else:
        text = password.encode("utf-8")
        chars = "".join(chr(b if b < 0x80 else 0xFF00 | b) for b in master).encode()
    # pbkdf2() itself is tested by the vectors of RFC 6070.
    key = pbkdf2(text, salt, rounds, 32)
    check = pbkdf2(chars, check_salt, rounds, 32)
    blob = blob or b"\x10" + master_iv + b"\x20" + master + b"\x20" + check
    blob = AES(key).encrypt_cbc(iv, pad(blob))
    lines = [salt.hex(), check_salt.hex(), str(rounds), iv.hex(), blob.hex()]
    header += "AES-256\n" + "\n".join(lines).upper() + "\n"
    return header.encode() + AES(master).encrypt_cbc(master_iv, pad(body))


def parcel(devices, before=b""):
    """Return a device_list file of the Android app."""
    name = "com.xiaomi.smarthome.core.entity.device.MiioDevice"
    parts = [before, struct.pack("<i", len(devices))]
    for device in devices:
        for text in [name] + [device[key] for key in ("did", "model", "name", "mac")]:
            parts.append(parcel_string(text))
        parts.append(struct.pack("<5i", 1, 0, 16, 0, -52))
        parts += [parcel_string(device["token"]), parcel_string(device["localip"])]
        parts.append(bytes(16))
    return b"".join(parts)


def parcel_string(text):
    if text is None:
        return struct.pack("<i", -1)
    data = text.encode("utf-16-le") + b"\0\0"
    return struct.pack("<i", len(data) // 2 - 1) + data + bytes(-len(data) % 4)
