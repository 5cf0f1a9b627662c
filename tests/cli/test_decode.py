# SPDX-License-Identifier: MIT
"""decode: packets in hex digits."""

import json
from unittest import mock

from miio_pure import PayloadError, Token, packet, payload

from ..support import OTHER_TOKEN, TOKEN, CliCase, run_cli, vectors


class DecodeTest(CliCase):
    def test_each_vector(self):
        printed = 0
        for case in vectors()["packets"]:
            args = ["--token", case["token"], "decode", case["packet"]]
            with self.subTest(name=case["name"]):
                plain = packet.decode(
                    bytes.fromhex(case["packet"]), Token(case["token"])
                ).payload
                repairs = []
                try:
                    value = payload.load(plain, repairs)
                except PayloadError:
                    self.check_failure(1, *args)
                else:
                    status, out, err = run_cli(*args)
                    self.assertEqual(
                        (status, json.loads(out), out.count("\n")), (0, value, 1)
                    )
                    self.assertEqual(err.startswith("warning: "), bool(repairs))
                    for repair in repairs:
                        self.assertIn(repair, err)
                    printed += 1
                self.assertIn(
                    "checksum", self.check_failure(5, "--token", OTHER_TOKEN, *args[2:])
                )
        self.assertGreater(printed, 45)

    def test_token_from_the_environment(self):
        case = vectors()["packets"][0]
        self.assertEqual(
            run_cli("decode", case["packet"], env={"MIIO_TOKEN": case["token"]})[0], 0
        )
        self.check_failure(5, "decode", case["packet"])
        self.check_failure(5, "decode", case["packet"], env={"MIIO_TOKEN": ""})

    def test_hellos(self):
        for case in vectors()["hello"]:
            if case.get("rejects_token"):
                self.assertIn(
                    "rejects", self.check_failure(5, "decode", case["packet"])
                )
            else:
                status, out, _ = run_cli("decode", case["packet"])
                self.assertEqual(
                    (status, json.loads(out)["token"]), (0, case.get("revealed"))
                )

    def test_too_deep_to_print(self):
        with mock.patch("miio_pure.payload.dump", side_effect=ValueError("too deep")):
            case = vectors()["packets"][0]
            args = ["--token", case["token"], "decode", case["packet"]]
            self.assertIn("too deep", self.check_failure(1, *args))

    def test_what_is_not_hex_is_wrong_usage(self):
        for text in ("xyz", "213", "2131 x"):
            error = self.check_failure(2, "decode", text, "--token", TOKEN)
            self.assertIn("those are 0-9 and a-f", error)

    def test_no_packets(self):
        for text in ("", "00", "2131", "21310020" + "00" * 29, "21310021" + "00" * 29):
            self.check_failure(1, "--token", TOKEN, "decode", text)
