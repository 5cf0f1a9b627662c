# SPDX-License-Identifier: MIT
"""The saved devices."""

import json
import os
import subprocess
import sys
import unittest
from unittest import mock

from miio_pure import MiioError, Token, TokenError, devices
from miio_pure.devices import Devices, Record, default_path

from .support import OTHER_TOKEN, ROOT, TOKEN
from .support.files import FolderCase

DEVICE_ID = 0x03DB1166


def record(device_id=str(DEVICE_ID), token=TOKEN, **fields):
    return Record("somewhere", device_id=device_id, token=token, **fields)


class RecordTest(unittest.TestCase):
    def test_its_repr_tells_no_token(self):
        self.assertEqual(repr(record("7")), "<Record 7 of somewhere>")
        self.assertEqual(repr(Record("s", name="Lamp")), "<Record Lamp of s>")
        self.assertEqual(repr(Record("s")), "<Record ? of s>")

    def test_fields_are_texts_without_blanks_around_them(self):
        one = Record("s", device_id=7, name=" Lamp\n", model=None)
        self.assertEqual((one.device_id, one.name, one.model), ("7", "Lamp", ""))

    def test_what_is_longer_than_any_real_field_is_left_out(self):
        """Half a token would be a wrong one; half a name is still a name."""
        long = {field: "7" * 1000 for field in devices.MAX_FIELDS}
        facts = Record("s", **long).facts()
        self.assertEqual(facts.pop("name"), "7" * 200)
        self.assertEqual(set(facts.values()), {"", "s"})


class DevicesCase(FolderCase):
    def setUp(self):
        super().setUp()
        self.file = self.path("config", "tokens.json")

    def saved(self):
        """Return what another program would read now: {device id: token}."""
        return {one.device_id: one.token for one in Devices(self.file).records}

    def drafts(self):
        return [name for name in os.listdir(self.path("config")) if "new" in name]


class FindTest(DevicesCase):
    def setUp(self):
        super().setUp()
        # save() would refuse some of these names, but anybody may edit the file.
        records = [
            record("1", name="Lamp", address="192.168.1.5"),
            record("2", name="Fan", address="192.168.1.6"),
            record("3", name="Fan", address=""),
            record("4", name="1", address="192.168.1.6"),
            record("5"),
            record("6"),
        ]
        content = {"devices": [one.facts() for one in records]}
        path = self.write(json.dumps(content).encode(), "config", "tokens.json")
        os.chmod(path, 0o600)
        self.devices = Devices(path)

    def test_by_name_then_id_then_address(self):
        for wanted, device_id in (
            ("Lamp", "1"),
            ("1", "4"),
            ("2", "2"),
            ("192.168.1.5", "1"),
        ):
            self.assertEqual(self.devices.find(wanted).device_id, device_id)

    def test_none_is_found(self):
        for wanted in ("lamp", "192.168.1.7", "7", ""):
            self.assertIsNone(self.devices.find(wanted))

    def test_what_two_share_is_an_error_that_names_both(self):
        with self.assertRaisesRegex(MiioError, "2 saved devices .*'Fan'.* ids 2, 3"):
            self.devices.find("Fan")
        with self.assertRaisesRegex(MiioError, "address '192.168.1.6'.* ids 2, 4"):
            self.devices.find("192.168.1.6")

    def test_tokens_go_by_the_id_alone(self):
        self.devices.save([record("1", OTHER_TOKEN)])
        self.assertEqual(self.devices.token(1), Token(OTHER_TOKEN))
        self.assertEqual(self.devices.record(4).name, "1")
        self.assertIsNone(self.devices.token(7))


class LoadTest(DevicesCase):
    def test_a_file_that_is_not_there_is_empty(self):
        self.assertEqual(Devices(self.file).records, [])
        self.assertFalse(os.path.exists(self.file))

    def test_its_repr_tells_no_token(self):
        Devices(self.file).save([record()])
        text = "<Devices in %s: 1>" % os.path.realpath(self.file)
        self.assertEqual(repr(Devices(self.file)), text)

    def test_where_it_lies_by_default(self):
        home = os.path.join("home", ".config", "miio_pure", "devices.json")
        for environment, path in (
            ({"MIIO_DEVICES": "x", "HOME": "home"}, "x"),
            ({"HOME": "home"}, home),
            ({"HOME": "", "USERPROFILE": "home"}, home),
            ({}, None),
        ):
            with mock.patch.dict(os.environ, environment, clear=True):
                self.assertEqual(default_path(), path)
        with mock.patch.dict(os.environ, {"MIIO_DEVICES": self.file}):
            self.assertEqual(Devices().source, os.path.realpath(self.file))

    def test_a_relative_path_means_the_same_wherever_the_program_goes(self):
        far = os.path.join(self.folder, "far")
        os.makedirs(os.path.join(far, "away"))
        os.symlink(os.path.join(far, "away"), os.path.join(self.folder, "link"))
        before = os.getcwd()
        self.addCleanup(os.chdir, before)
        os.chdir(self.folder)
        known = Devices("link/../devices.json")
        os.chdir(before)
        known.save([record()])
        self.assertEqual(sorted(os.listdir(far)), ["away", "devices.json"])
        self.assertEqual(
            known.source, os.path.join(os.path.realpath(far), "devices.json")
        )
        self.assertEqual(len(Devices(known.source).records), 1)

    def test_no_place_by_default(self):
        with mock.patch.dict(os.environ, {}, clear=True):
            with self.assertRaisesRegex(MiioError, "HOME is not set.*MIIO_DEVICES"):
                Devices()

    def test_a_file_that_others_can_read_gives_names_but_no_tokens(self):
        Devices(self.file).save([record(name="Lamp")])
        os.chmod(self.file, 0o640)
        known = Devices(self.file)
        self.assertEqual(known.find("Lamp").device_id, str(DEVICE_ID))
        path = os.path.realpath(self.file)
        self.assertIn("other users can read the tokens in " + path, known.warning)
        with self.assertRaisesRegex(TokenError, "chmod 600 "):
            known.token(DEVICE_ID)
        with self.assertRaisesRegex(TokenError, "chmod 600 "):
            known.save([record("2")])

    def test_the_chmod_can_be_pasted(self):
        path = self.write(b'{"devices":[]}', "it's here.json")
        os.chmod(path, 0o644)
        command = Devices(path).warning.rpartition(": ")[2]
        subprocess.check_call(["sh", "-c", command])
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        self.assertEqual(Devices(path).warning, "")

    def test_a_pipe_is_no_file(self):
        path = self.path("pipe")
        os.mkfifo(path, 0o600)
        with self.assertRaisesRegex(MiioError, "not a file"):
            Devices(path)

    def test_the_current_folder_may_be_gone(self):
        gone = mock.patch("os.getcwd", side_effect=FileNotFoundError(2, "not there"))
        with gone, self.assertRaisesRegex(MiioError, "x: cannot be read: not there"):
            Devices("x")

    def test_damaged_files(self):
        for data in (
            b"",
            b"[]",
            b'{"devices":{"a":1}}',
            b'{"devices":[{"device_id":"1","token":"short"}]}',
            b'{"devices":[{"device_id":"1"}]}',
            b'{"devices":[{"device_id":"x","token":"%s"}]}' % (b"0" * 32),
            b'{"devices":[{"token":"%s"}]}' % (b"0" * 32),
            b'{"devices":[[]]}',
            b"[" * 100000,
            b"\xff",
            b" " * (5 << 20),
        ):
            path = self.write(data, "bad.json")
            with self.assertRaisesRegex(MiioError, "damaged, or not a file of saved"):
                Devices(path)


class SaveTest(DevicesCase):
    def test_saved_and_read_again(self):
        count = Devices(self.file).save(
            [record(name="Lüfter", model="a.b"), record("7")]
        )
        self.assertEqual(count, 2)
        again = Devices(self.file)
        self.assertEqual(again.token(DEVICE_ID), Token(TOKEN))
        self.assertEqual(again.record(DEVICE_ID).name, "Lüfter")

    def test_its_fields_have_the_names_that_all_output_has(self):
        Devices(self.file).save([record(address="192.168.1.5")])
        with open(self.file, encoding="utf-8") as file:
            (fields,) = json.load(file)["devices"]
        names = {"name", "model", "address", "mac", "device_id", "token", "source"}
        self.assertEqual(set(fields), names)

    def test_only_its_owner_reads_it(self):
        Devices(self.file).save([record()])
        self.assertEqual(os.stat(self.file).st_mode & 0o777, 0o600)
        folder = os.path.dirname(self.file)
        self.assertEqual(os.stat(folder).st_mode & 0o777, 0o700)

    def test_only_wifi_devices_with_an_id_and_a_token_are_kept(self):
        count = Devices(self.file).save(
            [record("1"), record("2", "x" * 44), record(""), record("blt.3")]
        )
        self.assertEqual((count, self.saved()), (1, {"1": TOKEN}))
        self.assertEqual(Devices(self.file).save([record("")]), 0)

    def test_of_two_tokens_the_first_counts(self):
        Devices(self.file).save([record("1", OTHER_TOKEN), record("1", TOKEN)])
        self.assertEqual(self.saved(), {"1": OTHER_TOKEN})

    def test_what_others_saved_meanwhile_stays(self):
        first, second = Devices(self.file), Devices(self.file)
        first.save([record("1"), record("2")])
        second.save([record("3"), record("1", OTHER_TOKEN)])
        self.assertEqual(self.saved(), {"1": OTHER_TOKEN, "2": TOKEN, "3": TOKEN})
        self.assertEqual(len(second.records), 3)

    def test_what_was_known_stays_known(self):
        Devices(self.file).save([record("1", name="Fan", address="192.168.1.9")])
        Devices(self.file).save([record("1", OTHER_TOKEN)])
        (kept,) = Devices(self.file).records
        self.assertEqual((kept.name, kept.token), ("Fan", OTHER_TOKEN))

    def test_names_that_mean_something_else_are_not_saved(self):
        names = ["42", "a,b", "All", "192.168.1.9", "10.0.0.0/8", "1.5", "-x", "a\x1b"]
        known = Devices(self.file)
        known.save([record(str(n), name=name) for n, name in enumerate(names)])
        self.assertEqual([one.name for one in known.records], [""] * len(names))
        self.assertEqual(known.unnamed, [(str(n), one) for n, one in enumerate(names)])
        for name in names + ["", " ", " a", "a "]:
            self.assertIn("a name cannot be empty", devices.judge_name(name))
        good = [
            "lamp 2",
            "K\u00fcche",
            "a/b",
            "v1.5",
            "l'ampe",
            "allee",
            "a-",
            "\U0001f4a1",
        ]
        for name in good:
            self.assertEqual(devices.judge_name(name), "")
        known.save([record("1", name="lamp")])
        self.assertEqual(known.unnamed, [])

    def test_a_name_that_another_device_has_is_not_saved(self):
        known = Devices(self.file)
        known.save([record("1", name="lamp"), record("2", name="lamp")])
        self.assertEqual([one.name for one in known.records], ["lamp", ""])
        self.assertEqual(known.unnamed, [("2", "lamp")])
        known.save([record("3", name="lamp"), record("1", OTHER_TOKEN)])
        self.assertEqual(known.find("lamp").device_id, "1")
        self.assertEqual(known.unnamed, [("3", "lamp")])
        # It has another name, and keeps it.
        known.save([record("2", name="fan")])
        known.save([record("2", name="lamp")])
        self.assertEqual((known.record(2).name, known.unnamed), ("fan", []))

    def test_no_place_for_it(self):
        path = os.path.join(self.write(b"file"), "tokens.json")
        with self.assertRaisesRegex(MiioError, "cannot be (read|written)"):
            Devices(path).save([record()])

    def test_a_link_stays_one(self):
        target = self.write(b'{"devices":[]}', "real.json")
        os.chmod(target, 0o600)
        link = self.path("link.json")
        os.symlink(target, link)
        Devices(link).save([record()])
        self.assertTrue(os.path.islink(link))
        self.assertEqual(len(Devices(target).records), 1)


class WholeTest(DevicesCase):
    """The file is replaced by a whole one that can be read again, or not at all."""

    def test_a_full_disk_leaves_the_old_file(self):
        Devices(self.file).save([record("1")])
        with mock.patch("os.replace", side_effect=OSError(28, "No space left")):
            with self.assertRaisesRegex(MiioError, "cannot be written: No space left"):
                Devices(self.file).save([record("2")])
        self.assertEqual(self.saved(), {"1": TOKEN})
        self.assertEqual(self.drafts(), [])

    def test_a_file_that_would_be_too_large_is_not_written(self):
        Devices(self.file).save([record("1")])
        many = [
            record(str(n), name="\U0001f600" * 196 + "%4d" % n) for n in range(2000)
        ]
        with self.assertRaisesRegex(MiioError, "larger than 4194304 bytes"):
            Devices(self.file).save(many)
        self.assertEqual(self.saved(), {"1": TOKEN})
        Devices(self.file).save(many[:1000])
        self.assertEqual(len(self.saved()), 1000)

    def test_long_fields_cannot_fill_the_file(self):
        """200 such devices made a file that could never be read again."""
        long = dict.fromkeys(("name", "model", "address", "mac"), "ж" * 1000)
        Devices(self.file).save([record(str(n), **long) for n in range(200)])
        self.assertEqual(len(self.saved()), 200)

    def test_drafts_of_killed_processes_are_removed(self):
        Devices(self.file).save([record("1")])
        for number in ("1", "99999999", str(os.getpid())):
            with open("%s.%s.new" % (self.file, number), "w") as file:
                file.write(TOKEN)
        self.write(b"of the user", "config", "tokens.json.mine.new")
        Devices(self.file).save([record("2")])
        self.assertEqual(self.drafts(), ["tokens.json.mine.new"])

    def test_without_locks_only_old_drafts_are_removed(self):
        Devices(self.file).save([record("1")])
        for number, age in (("1", 0), ("2", 4000), (os.getpid(), 0)):
            draft = self.write(b"", "config", "tokens.json.%s.new" % number)
            os.utime(draft, (os.stat(draft).st_mtime - age,) * 2)
        with mock.patch.dict(sys.modules, {"fcntl": None}):
            Devices(self.file).save([record("2")])
        self.assertEqual(self.drafts(), ["tokens.json.1.new"])
        self.assertEqual(self.saved(), {"1": TOKEN, "2": TOKEN})


class WritersTest(DevicesCase):
    def test_a_lock_of_another_program_is_not_waited_for_for_ever(self):
        import fcntl

        Devices(self.file).save([record("1")])
        lock = os.open(os.path.dirname(self.file), os.O_RDONLY)
        self.addCleanup(os.close, lock)
        fcntl.flock(lock, fcntl.LOCK_EX)
        with self.assertRaisesRegex(MiioError, "another program has locked"):
            Devices(self.file).save([record("2")], timeout=0.1)
        self.assertEqual(self.saved(), {"1": TOKEN})
        fcntl.flock(lock, fcntl.LOCK_UN)
        Devices(self.file).save([record("2")], timeout=0.0)
        self.assertEqual(len(self.saved()), 2)

    def test_a_lock_that_cannot_be_had(self):
        with mock.patch("os.open", side_effect=OSError(13, "Permission denied")):
            with self.assertRaisesRegex(MiioError, "Permission denied"):
                Devices(self.file).save([record("2")])

    def test_many_writers(self):
        script = (
            "import sys; from miio_pure.devices import Devices, Record\n"
            "for number in range(5):\n"
            "    device_id = sys.argv[2] + str(number)\n"
            "    record = Record('x', device_id=device_id, token='0' * 32)\n"
            "    Devices(sys.argv[1]).save([record], timeout=60.0)\n"
        )
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", script, self.file, str(number)], cwd=ROOT
            )
            for number in range(1, 5)
        ]
        self.assertEqual([writer.wait(60) for writer in writers], [0, 0, 0, 0])
        self.assertEqual(len(self.saved()), 20)
