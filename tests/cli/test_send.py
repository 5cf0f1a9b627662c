# SPDX-License-Identifier: MIT
"""send: any method, by the device's own name for it."""

import json

from ..support import OTHER_TOKEN, TOKEN
from ..support.commands import DeviceCase


class SendTest(DeviceCase):
    def send(self, *args, **options):
        return self.run_at("send 127.0.0.1", *args, **options)

    def test_methods_with_and_without_params(self):
        for args, result in (
            (["get_prop", '["power"]'], ["on"]),
            (["get_prop", "power"], ["on"]),
            (["toggle"], ["ok"]),
            (["echo", '{"a":"\u20ac\\u001b"}'], {"a": "\u20ac\x1b"}),
            (["echo", "5"], [5]),
            (["echo", "[]", "--json"], []),
        ):
            status, out, err = self.send(*args)
            self.assertEqual((status, json.loads(out), err), (0, result, ""))
            self.assertEqual((out.count("\n"), out.isprintable()), (1, False))
            out.encode("ascii")

    def test_requests_in_json(self):
        for request, result in (
            ('{"id":1,"method":"get_prop","params":["power"]}', ["on"]),
            ('{"method":"toggle","params":[]}', ["ok"]),
            (' {"method":"toggle"}', ["ok"]),
        ):
            status, out, err = self.send(request)
            self.assertEqual((status, json.loads(out), err), (0, result, ""))

    def test_badly_written_json_is_mended_with_a_warning(self):
        for request in (
            '{"method":"toggle",,"params":[],"id":1}',
            "{'method':'toggle','params':[]}",
            "{method: toggle}",
        ):
            status, out, err = self.send(request)
            self.assertEqual((status, out), (0, '["ok"]\n'))
            self.assertRegex(err, r"\Awarning: [^\n]+\n\Z")

    def test_a_caret_shows_the_place_and_no_token(self):
        command = '{"method":"toggle","t":"%s","params":[1,,2]}' % TOKEN
        error = self.check_failure(2, "send", "127.0.0.1", command)
        _, line, caret, _ = error.split("\n")
        self.assertEqual(line[len(caret) - 1 :], ",2]}")
        self.assertNotIn(TOKEN[:8], error)

    def test_json_with_more_than_one_reading_is_wrong_usage(self):
        for args, said in (
            (['{"method":"toggle","params":[1}'], "line 1 column 31"),
            (['{"method":"a","params":[1,,2]}'], "a value is missing"),
            (['{"id":1}'], 'no "method"'),
            (['{"method":5}'], "method is a str"),
            (['{"method":"a","params":"x"}'], "params are"),
            (['{"method":"a","id":"x"}'], "id is"),
            (['{"method":"a"\n"b"}'], "line 2 column 1"),
            (['{"method":"\udcff"}'], "UTF-8"),
            (["[]"], "expected a method"),
            ([""], "expected a method"),
            (["{method:", "get_prop}"], "single quotes"),
            (["'{method:toggle}'"], "Windows"),
            (["echo", "[1"], "not valid JSON"),
            (["echo", "1", "2"], "single quotes"),
            (["\ud800"], "UTF-8"),
        ):
            with self.subTest(args=args):
                self.assertIn(said, self.fail_at(2, "send 127.0.0.1", *args))

    def test_a_refusal_is_told_with_its_meaning(self):
        error = self.fail_at(4, "send 127.0.0.1 nothing")
        self.assertIn("-10000 method not found", error)

    def test_a_refused_item_of_miot_is_a_refusal(self):
        items = [{"siid": 2, "piid": 1, "value": "x"}, {"siid": 2, "piid": 3}]
        for method, params, said in (
            ("set_properties", items, "2.1: the device refused it: code -4005"),
            ("get_properties", [{"siid": 8, "piid": 9}], "8.9: .* -4003"),
            ("action", {"siid": 8, "aiid": 9, "in": []}, "8.9: .* -4003"),
        ):
            status, out, err = self.send(method, json.dumps(params))
            self.assertEqual((status, out.count("\n")), (4, 1))
            self.assertRegex(err, "\\Aerror: " + said)
        self.device.methods["action"] = lambda params: {"code": -1.5, "x": 1}
        self.assertEqual(self.send("action", "{}")[0], 0)
        self.device.methods["action"] = lambda params: {"code": -704042011}
        self.assertIn("?.?: ", self.send("action", "{}")[2])

    def test_codes_of_other_methods_are_none_of_our_business(self):
        status, out, err = self.send("echo", '[{"code":-5}]')
        self.assertEqual((status, err), (0, ""))

    def test_wrong_token_no_token_no_reply(self):
        args = ("send 127.0.0.1 toggle", "--timeout", "0.3")
        self.fail_at(5, *args, token=None)
        self.assertIn(
            "token from --token is probably wrong",
            self.fail_at(3, *args, token=OTHER_TOKEN),
        )
        self.device.faults = {"lose"}
        self.assertIn("may have acted", self.fail_at(3, *args))
