# SPDX-License-Identifier: MIT
"""Members of tar and zip archives, and damaged ones."""

import io
import struct
import tarfile
import zipfile

from ..support import backups
from ..support.files import WalkCase

CONTENT = b"content" * 50


class TarTest(WalkCase):
    def test_long_names(self):
        name = "apps/" + "very_long_name/" * 20 + "cache"
        for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
            found, _ = self.walk(self.write(backups.tar({name: CONTENT}, form)))
            self.assertEqual(found, {"file:" + name: CONTENT})

    def test_names_with_a_prefix(self):
        name = "apps/" + "x" * 60 + "/" + "y" * 60 + "/cache"
        found, _ = self.walk(self.write(backups.tar({name: CONTENT})))
        self.assertEqual(found, {"file:" + name: CONTENT})

    def test_links_are_left_out(self):
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w") as archive:
            for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE):
                entry = tarfile.TarInfo("link")
                entry.type, entry.linkname = kind, "/etc/passwd"
                archive.addfile(entry)
            entry = tarfile.TarInfo("cache")
            entry.size = len(CONTENT)
            archive.addfile(entry, io.BytesIO(CONTENT))
        self.assertEqual(self.contents(file.getvalue()), [CONTENT])

    def test_what_comes_before_the_damage_counts(self):
        good = backups.tar({"a": CONTENT, "b": b"x" * 600})
        self.assertEqual(self.check_error(good[:700], "cut off"), {})
        spoiled = bytearray(good)
        spoiled[1024] ^= 1
        found = self.check_error(bytes(spoiled), "checksum is wrong")
        self.assertEqual(found, {"file:a": CONTENT})

    def test_a_tar_may_lack_its_end(self):
        self.assertEqual(self.contents(backups.tar({"a": CONTENT})[:1024]), [CONTENT])

    def header(self, kind=b"0", size=b"00000000000\0", data=b""):
        block = bytearray(512)
        block[:1], block[124:136], block[156:157] = b"f", size, kind
        block[257:263] = b"ustar\0"
        block[148:156] = b" " * 8
        block[148:156] = b"%06o\0 " % sum(block)
        return bytes(block) + data + bytes(-len(data) % 512)

    def test_numbers_in_base_256(self):
        huge = b"\x80" + bytes(10) + b"\x05"
        data = self.header(size=huge, data=b"12345") + bytes(512)
        self.assertEqual(self.contents(data), [b"12345"])

    def test_headers_that_are_damaged(self):
        no_digits = "no digits for a number"
        for header, text in (
            (self.header(size=b"9999x999999\0"), no_digits),
            (self.header(b"x", b"77777777777\0"), "header has over"),
            (self.header(size=b"-7".ljust(12, b"\0")), no_digits),
            (self.header(b"x", b"00000000012\0", b"10 size=x\n"), no_digits),
            (self.header(b"x", b"00000000013\0", b"11 size=\xc2\xb2\n"), no_digits),
        ):
            self.check_error(header + self.header() + bytes(512), text)
        packed = backups.zipped({"a": self.header(b"0", b"77777777777\0")})
        self.write(packed)

    def test_sizes_in_pax_headers(self):
        size = b"%d" % len(CONTENT)
        record = b"%d size=%s\n" % (len(size) + 9, size)
        extended = self.header(b"x", b"%011o\0" % len(record), record)
        data = self.header(data=CONTENT)
        self.assertEqual(self.contents(extended + data + bytes(512)), [CONTENT])
        ignored = self.header(b"g", b"%011o\0" % len(record), record)
        ignored += self.header(b"K", b"00000000005\0", b"link\0")
        data = ignored + extended + data + bytes(512)
        self.assertEqual(self.contents(data), [CONTENT])


class ZipTest(WalkCase):
    def test_members_that_are_stored_or_deflated(self):
        members = {"logs/": b"", "logs/a.txt": CONTENT}
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            found, said = self.walk(self.write(backups.zipped(members, method)))
            self.assertEqual((found, said), ({"file:logs/a.txt": CONTENT}, ""))
        self.assertEqual(self.contents(backups.zipped({})), [])

    def test_a_zip_with_a_comment(self):
        data = bytearray(backups.zipped({"a": CONTENT}) + b"x" * 60000)
        at = len(data) - 60002
        data[at : at + 2] = struct.pack("<H", 60000)
        self.assertEqual(self.contents(bytes(data)), [CONTENT])

    def test_damaged_zips(self):
        good = backups.zipped({"a": CONTENT})
        directory = good.index(b"PK\1\2")
        for at, change, text in (
            (len(good) - 22, b"xx", "no directory"),
            (len(good) - 10, b"\xff\xff\xff\x7f", "cut off, or has over"),
            (directory, b"xx", "directory is damaged"),
            (directory + 42, b"\7", "where it should be"),
            (directory + 8, b"\1", "encrypted"),
            (directory + 10, b"\x0c", "method 12"),
            (directory + 20, b"\xff\xff\xff", "cut off|damaged"),
            (40, b"\xff\xff", "damaged|cut off"),
        ):
            data = good[:at] + change + good[at + len(change) :]
            with self.subTest(text=text):
                self.check_error(data, text)

    def test_a_directory_that_lists_less_than_it_says(self):
        good = backups.zipped({"a": CONTENT})
        data = good[:-12] + b"\2" + good[-11:]
        found = self.check_error(data, "lists 1 of 2 members")
        self.assertEqual(found, {"file:a": CONTENT})

    def test_a_member_that_cannot_be_read_does_not_hide_the_others(self):
        data = bytearray(backups.zipped({"a": b"x", "b": CONTENT}))
        # The first member is made to say that it is packed by bzip2.
        data[data.index(b"PK\1\2") + 10] = 12
        found = self.check_error(bytes(data), "method 12")
        self.assertEqual(found, {"file:b": CONTENT})


class ManyMembersTest(WalkCase):
    COUNT = 66000

    def zip_of_many(self):
        """Return a zip of empty members, with zip64 records, made by zipfile."""
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for number in range(self.COUNT - 1):
                archive.writestr("%x" % number, b"")
            archive.writestr("last", CONTENT)
        return file.getvalue()

    def test_zip64_counts_lose_nothing(self):
        data = self.zip_of_many()
        found, said = self.walk(self.write(data))
        self.assertEqual((len(found), said), (self.COUNT, ""))
        self.assertEqual(found["file:last"], CONTENT)
        # Old programs write no zip64 records, but the count modulo 65,536.
        end = data.rindex(b"PK\5\6")
        old = bytearray(data[: data.rindex(b"PK\6\6")] + data[end:])
        old[-14:-10] = struct.pack("<2H", *[self.COUNT % 65536] * 2)
        found, said = self.walk(self.write(bytes(old)))
        self.assertEqual((len(found), said), (self.COUNT, ""))

    def test_sizes_and_offsets_of_64_bits(self):
        data = bytearray(backups.zipped({"a": CONTENT}, zipfile.ZIP_STORED))
        at = data.index(b"PK\1\2")
        extra = struct.pack("<2HB", 7, 1, 0)
        extra += struct.pack("<2H3Q", 1, 24, len(CONTENT), len(CONTENT), 0)
        data[at + 20 : at + 28] = b"\xff" * 8
        data[at + 42 : at + 46] = b"\xff" * 4
        data[at + 30 : at + 32] = struct.pack("<H", len(extra))
        data[at + 47 : at + 47] = extra
        data[-10:-6] = struct.pack("<I", 47 + len(extra))
        self.assertEqual(self.contents(bytes(data)), [CONTENT])
        data[at + 47 : at + 49] = b"\x09\x09"
        data[at + 52 : at + 54] = b"\x09\x09"
        self.check_error(bytes(data), "where it should be")

    def test_zip64_records_that_are_damaged(self):
        data = bytearray(backups.zipped({"a": CONTENT}))
        end = len(data) - 22
        for offset in (0, 1 << 63):
            locator = struct.pack("<4sIQI", b"PK\6\7", 0, offset, 1)
            spoiled = data[:end] + locator + data[end:]
            self.check_error(bytes(spoiled), "directory is damaged")
