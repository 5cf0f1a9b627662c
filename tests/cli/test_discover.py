# SPDX-License-Identifier: MIT
"""discover: devices that answer a hello."""

import os
from unittest import mock

from miio_pure import discover
from miio_pure.cli.discover import Progress
from miio_pure.simulator import Simulator, fan

from ..support import CLOSED_PORT, TOKEN
from ..support.announcements import Responder, message, records
from ..support.commands import DeviceCase, run_on_terminal

DISCOVER = "miio_pure.cli.discover.discover"


class DiscoverTest(DeviceCase):
    options = {"reveal": True, "device_id": 0x89ABCDEF}

    def find(self, *targets, **options):
        return self.run_at("discover", *targets, token=None, **options)

    def fail(self, status, *targets):
        args = ("discover",) + targets + ("--timeout", "0.2")
        return self.fail_at(status, *args, token=None)

    def test_a_table(self):
        status, out, err = self.find("127.0.0.1")
        self.assertEqual((status, err, out.count("\n")), (0, "", 2))
        self.assertRegex(out, r"\n127\.0\.0\.1  2309737967  %s\n" % TOKEN)
        self.device.reveal = False
        self.assertIn("hidden", self.find("127.0.0.1")[1])

    def test_saved_devices_have_names(self):
        self.device.reveal = False
        self.save(model="a.b.c")
        for target in ("127.0.0.1", "lamp"):
            out = self.find(target)[1]
            self.assertRegex(out, r"\n127\.0\.0\.1  2309737967  saved  a\.b\.c  lamp\n")

    def test_json(self):
        self.save()
        status, out, err = self.find("127.0.0.1", "--json")
        self.assertEqual((status, err), (0, ""))
        self.check_lines(
            out,
            {
                "address": "127.0.0.1",
                "port": self.port,
                "device_id": 0x89ABCDEF,
                "device_type": 0x89AB,
                "serial": 0xCDEF,
                "token": TOKEN,
                "answered": True,
                "saved": True,
                "model": None,
                "name": "lamp",
                "mac": None,
            },
        )

    def test_two_devices_make_one_table(self):
        with Simulator(fan(TOKEN), "127.0.0.2", self.port):
            status, out, _ = self.find("127.0.0.1", "127.0.0.2")
        self.assertEqual((status, out.count("\n"), out.count("address")), (0, 3, 1))

    def test_a_table_fits_on_a_terminal_but_is_whole_in_a_pipe(self):
        self.save(name="name " * 20, model="model." * 10)
        env = mock.patch.dict(os.environ, self.environment(None))
        with env:
            out, _ = run_on_terminal("discover", "127.0.0.1", "--port", str(self.port))
        self.assertLessEqual(max(map(len, out.splitlines())), 80)
        self.assertIn(TOKEN, out)
        self.assertIn("name " * 10, self.find("127.0.0.1")[1])

    def test_targets_that_are_silent_are_named(self):
        status, out, err = self.find("127.0.0.1", "127.0.0.9", "--timeout", "0.2")
        self.assertEqual((status, out.count("\n")), (3, 2))
        self.assertRegex(err, r"\Aerror: no answer within 0\.2 s from 127\.0\.0\.9: ")
        self.device.faults = {"deaf"}
        error = self.fail(3, "127.0.0.1", "127.0.0.9")
        self.assertIn("from 127.0.0.1, 127.0.0.9", error)

    def test_targets_that_are_not_found_are_named(self):
        status, out, err = self.find("127.0.0.1", "no-such-host.invalid")
        self.assertEqual((status, out.count("\n"), err.count("\n")), (3, 2, 1))
        self.assertIn("cannot find the host no-such-host.invalid", err)
        self.assertIn("no-such-host", self.fail(3, "no-such-host.invalid"))

    def test_a_closed_port(self):
        args = ("discover", "127.0.0.1", "--port", str(CLOSED_PORT))
        self.assertIn("port is closed", self.check_failure(3, *args))

    def test_nobody_answers_a_broadcast(self):
        with mock.patch(DISCOVER, lambda *_, **__: iter(())):
            for target in ((), ("all",), ("ALL",)):
                error = self.check_failure(1, "discover", *target, "--port", "5")
                self.assertRegex(error, "no device answered.* firewall .* UDP port 5")

    def test_a_broadcast_is_what_no_target_means(self):
        def find(*targets, **options):
            self.assertEqual(targets, ())
            return discover("127.0.0.1", **options)

        with mock.patch(DISCOVER, find):
            self.assertEqual(self.find()[0], 0)
            self.assertEqual(self.find("All")[0], 0)

    def test_a_bad_file_of_saved_devices_is_only_worth_a_warning(self):
        self.save()
        os.chmod(self.file, 0o644)
        status, out, err = self.find("127.0.0.1")
        self.assertEqual((status, err.count("\n")), (0, 1))
        self.assertRegex(err, "warning: .*chmod 600")
        self.assertIn("lamp", out)
        with open(self.file, "w") as file:
            file.write("{")
        status, out, err = self.find("127.0.0.1")
        self.assertEqual((status, err.count("\n")), (0, 1))
        self.assertRegex(err, "warning: .*damaged")

    def test_wrong_targets(self):
        for targets, said in (
            (["all", "127.0.0.1"], "give no other target"),
            (["http://x"], "not a URL"),
            (["127.0.0.1:5"], "--port 5"),
            (["10.0.0.0/8"], "a /20 is the largest"),
            (["127.0.0.1", "127.0.0.1/x"], "expected a subnet"),
        ):
            self.assertIn(said, self.check_failure(2, "discover", *targets))

    def test_a_name_of_two_devices(self):
        self.save()
        self.save(name="fan", device_id=7)
        self.edit_saved('"fan"', '"lamp"')
        self.assertIn("2 saved devices", self.fail(1, "lamp"))

    def test_a_subnet_in_which_nobody_answers_is_no_named_target(self):
        self.assertIn("no device answered", self.fail(1, "127.0.0.8/30"))
        status, out, err = self.find("127.0.0.1", "127.0.0.8/30", "--timeout", "0.2")
        self.assertEqual((status, out.count("\n"), err), (0, 2, ""))
        status, out, err = self.find("127.0.0.9", "127.0.0.0/30", "--timeout", "0.2")
        self.assertEqual((status, out.count("\n")), (3, 2))
        self.assertIn("from 127.0.0.9: ", err)


LEASES = """\
0 78:11:dc:aa:bb:c1 127.0.0.1 yeelink-light-color1_miio2309737967 *
0 78:11:dc:aa:bb:c9 127.0.0.9 zhimi-fan-za4_miio77 *
0 78:11:dc:aa:bb:c8 127.0.0.8 phone *
0 78:11:dc:aa:bb:c7 10.0.0.7 rockrobo *
"""


class HintsTest(DeviceCase):
    """Names and models of devices that were not asked for them."""

    options = {"device_id": 0x89ABCDEF}

    def setUp(self):
        super().setUp()
        self.leases = os.path.join(self.home, "leases")
        self.write(LEASES)

    def write(self, text):
        with open(self.leases, "w") as file:
            file.write(text)

    def find(self, *args):
        args += ("--leases", self.leases, "--timeout", "0.2")
        return self.run_at("discover", *args, token=None)

    def find_everybody(self, *args):
        """Search all networks, in which there is our device only."""

        def find(*targets, **options):
            self.assertEqual(targets, ())
            return discover("127.0.0.1", **options)

        with mock.patch(DISCOVER, find):
            return self.find(*args)

    def test_a_lease_tells_the_model(self):
        status, out, err = self.find("127.0.0.1")
        self.assertEqual((status, err, out.count("\n")), (0, "", 2))
        self.assertRegex(out, r"2309737967  hidden  yeelink\.light\.color1\n")

    def test_a_lease_tells_the_name_that_the_router_gave(self):
        self.write("0 78:11:dc:aa:bb:c1 127.0.0.1 desk-lamp *\n")
        self.assertRegex(self.find("127.0.0.1")[1], r"hidden + desk-lamp\n")

    def test_a_lease_of_another_device_at_this_address_does_not_count(self):
        self.write("0 78:11:dc:aa:bb:c1 127.0.0.1 a-b-c_miio5 *\n")
        self.assertNotIn("a.b.c", self.find("127.0.0.1")[1])

    def test_saved_names_count_more_than_leases(self):
        self.save(model="a.b.c")
        self.assertRegex(self.find("127.0.0.1")[1], r"saved +a\.b\.c +lamp\n")

    def test_devices_with_a_lease_that_do_not_answer_are_listed(self):
        status, out, err = self.find_everybody()
        self.assertEqual((status, err, out.count("\n")), (0, "", 4))
        self.assertRegex(out, r"\n127\.0\.0\.9 +77 +no answer +zhimi\.fan\.za4\n")
        self.assertRegex(out, r"\n10\.0\.0\.7 +no answer +rockrobo\.vacuum\.v1\n")
        self.assertNotIn("phone", out)

    def test_they_do_not_count_as_found(self):
        with mock.patch(DISCOVER, lambda *_, **__: iter(())):
            status, out, err = self.find()
        self.assertEqual((status, out.count("no answer")), (1, 3))
        self.assertIn("no device answered", err)

    def test_of_a_subnet_only_its_own_are_listed(self):
        status, out, _ = self.find("127.0.0.8/29", "--json")
        self.assertEqual(status, 1)
        expected = {
            "address": "127.0.0.9",
            "device_id": 77,
            "token": None,
            "answered": False,
            "saved": False,
            "model": "zhimi.fan.za4",
            "name": None,
            "mac": "78:11:dc:aa:bb:c9",
        }
        self.check_lines(out, expected)

    def test_announcements(self):
        name = "lumi-gateway-v3_miio2309737967"
        with Responder(message(*records(name, address="127.0.0.1"))):
            status, out, err = self.find_everybody()
            self.assertEqual((status, err), (0, ""))
            self.assertIn("yeelink.light.color1", out)
            self.write("")
            for args in (), ("--json",):
                self.assertIn("lumi.gateway.v3", self.find_everybody(*args)[1])

    def test_no_question_is_asked_for_named_targets_or_if_it_is_not_wanted(self):
        with Responder() as responder:
            self.find("127.0.0.1")
            self.find_everybody("--no-mdns")
            self.assertEqual(responder.asked, [])
            self.find("127.0.0.0/31")
            self.assertEqual(len(responder.asked), 1)

    def test_lines_without_a_model_come_at_the_end(self):
        self.write("")
        with Responder():
            _, out, _ = self.find_everybody("--json")
        self.check_lines(out, {"address": "127.0.0.1", "model": None})
        _, out, _ = self.find_everybody("--json", "--no-mdns")
        self.check_lines(out, {"address": "127.0.0.1", "model": None})

    def test_hostile_names_do_not_reach_the_terminal(self):
        self.write("0 \x1b[2J 127.0.0.9 \x1b]0;x\x07-b_miio7 *\n")
        with mock.patch(DISCOVER, lambda *_, **__: iter(())):
            for args in (), ("--json",):
                self.assertNotIn("\x1b", self.find(*args)[1])

    def test_a_file_of_leases_that_cannot_be_read(self):
        os.remove(self.leases)
        args = ("discover", "127.0.0.1", "--leases", self.leases)
        self.assertIn("no such file", self.fail_at(1, *args, token=None))

    def test_a_copy_without_neighbours_knows_saved_devices_only(self):
        self.save(model="a.b.c")
        with mock.patch.dict("sys.modules", {"miio_pure.neighbours": None}):
            args = ("discover", "127.0.0.1")
            error = self.fail_at(2, *args, "--leases", self.leases, token=None)
            self.assertIn("lacks neighbours.py", error)
            self.assertIn("lamp", self.run_at(*args, token=None)[1])
            args = ("discover", "127.0.0.0/31", "--timeout", "0.1")
            self.assertIn("lamp", self.run_at(*args, token=None)[1])


class ProgressTest(DeviceCase):
    def test_a_terminal_sees_how_far_a_search_is(self):
        shown, events = [], []
        progress = Progress(60, lambda *event: events.append(event))
        progress.change = shown.append
        for _ in range(61):
            progress.count("sent", b"", "127.0.0.1")
            progress.count("received", b"", "127.0.0.1")
        self.assertEqual(len(events), 122)
        self.assertEqual(len(shown), 2)
        self.assertEqual(shown[0], "said hello to 30 of 60 addresses ...")
