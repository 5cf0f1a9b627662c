# SPDX-License-Identifier: MIT
"""run: actions by number, and methods by name."""

from ..support.commands import DeviceCase


class RunTest(DeviceCase):
    def start(self, *texts, **options):
        return self.run_at("run 127.0.0.1", *texts, **options)

    def test_a_method_by_its_name(self):
        self.assertEqual(self.start("toggle"), (0, "ok\n", ""))
        self.assertEqual(self.device.properties["power"], "off")
        status, out, _ = self.start("echo", "1", "on", "-5")
        self.assertEqual((status, out), (0, '[1,"on",-5]\n'))
        self.assertEqual(self.start("echo", "a b")[1], "a b\n")
        self.assertEqual(self.start("echo")[1], "ok\n")

    def test_an_action_by_its_number(self):
        self.assertEqual(self.start("2.1"), (0, "ok\n", ""))
        self.assertEqual(self.device.properties[2, 1], False)

    def test_the_values_of_an_action(self):
        given = []
        self.device.actions[3, 1] = lambda values: given.append(values) or [7]
        self.assertEqual(self.start("3.1", "2=on", "x", "1")[:2], (0, "7\n"))
        self.assertEqual(given, [[{"piid": 2, "value": "on"}, "x", 1]])

    def test_json(self):
        status, out, _ = self.start("2.1", "--json")
        self.check_lines(
            out,
            {
                "address": "127.0.0.1",
                "device_id": self.device.device_id,
                "action": "2.1",
                "result": [],
            },
        )
        self.check_lines(self.start("echo", "1", "--json")[1], {"result": [1]})

    def test_answers_of_other_simulators(self):
        self.device.methods["action"] = lambda params: ["ok"]
        self.assertEqual(self.start("2.1")[:2], (0, "ok\n"))
        self.device.methods["action"] = lambda params: 0
        self.assertEqual(self.start("2.1")[:2], (0, "ok\n"))

    def test_refusals(self):
        self.assertRegex(
            self.fail_at(4, "run 127.0.0.1 9.9"), r"-4003 for 9\.9 \(there is no"
        )
        self.assertIn("-10000", self.fail_at(4, "run 127.0.0.1 nothing"))

    def test_wrong_usage_no_token_no_reply(self):
        self.assertIn("a name such as", self.fail_at(2, "run 127.0.0.1 1.2.3"))
        self.assertIn("spec file", self.start("fan:on")[2])
        self.fail_at(5, "run 127.0.0.1 toggle", token=None)
        self.device.faults = {"lose"}
        error = self.fail_at(3, "run 127.0.0.1 toggle", "--timeout", "0.2")
        self.assertIn("may have acted", error)

    def test_actions_of_a_spec(self):
        self.save_spec()
        self.assertEqual(self.start("toggle"), (0, "ok\n", ""))
        self.assertEqual(self.start("fan:say", "33"), (0, "9\n", ""))
        self.check_lines(self.start("2.2", "x", "--json")[1], {"result": [9]})
        for texts, said in (
            (("fly",), "no action fly"),
            (("say",), "say takes text, but got 0 values"),
            (("toggle", "1"), "toggle takes no value, but got 1 values"),
        ):
            self.assertIn(said, self.fail_at(2, "run 127.0.0.1", *texts))
