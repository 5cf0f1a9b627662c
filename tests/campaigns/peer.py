# SPDX-License-Identifier: MIT
"""The talk with an independent implementation, python-miio, in both directions.

    python3 -m tests.campaigns.peer

This needs python-miio 0.6.0.dev0 (`benchmarks/requirements.txt`) and UDP port 54321 of
127.0.0.1; it is run by .ci/run and not by unittest.
"""

import asyncio
import json
import subprocess
import sys
import threading
import unittest

import miio.protocol
import miio.push_server.serverprotocol
from miio.devtools.simulators import miiosimulator
from miio.devtools.simulators.common import create_info_response, did_and_mac_for_model
from miio.exceptions import DeviceException
from miio.miioprotocol import MiIOProtocol
from miio.push_server import PushServer
from miio.push_server import server as push_server

from miio_pure import Client, DeviceError, NoReply
from miio_pure.simulator import Simulator

from ..support import OTHER_TOKEN, TOKEN, CliCase, run_cli
from ..support.devices import counting_fan

MODEL = "some.fan.model"
FAN = {
    "models": [{"name": "Some Fan", "model": MODEL}],
    "type": "fan",
    "properties": [
        {"name": "power", "type": "str", "value": "on", "setter": "set_power"},
        {"name": "speed", "type": "int", "value": 33, "setter": "set_speed"},
    ],
    "methods": [{"name": "reboot", "result_json": '["ok"]'}],
}


class OurToken:
    """python-miio's server has a token of zeros built in; this has another."""

    @staticmethod
    def parse(data, token=None):
        return miio.protocol.Message.parse(data, token=bytes.fromhex(TOKEN))

    @staticmethod
    def build(message, token=None):
        return miio.protocol.Message.build(message, token=bytes.fromhex(TOKEN))


class TheirDevice:
    """python-miio's server on 127.0.0.1 port 54321, while the context lasts.

    fill: is called with the server, to add methods to it.
    """

    def __init__(self, model, fill):
        self.model, self.fill = model, fill
        self.device_id, self._mac = did_and_mac_for_model(model)
        self._ready, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve()), daemon=True
        )

    def __enter__(self):
        miio.push_server.serverprotocol.Message = OurToken
        push_server._LOGGER.disabled = True
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("python-miio's simulator does not start")
        return self

    def __exit__(self, *exc_info):
        self._stop.set()
        self._thread.join()

    async def _serve(self):
        server = PushServer(device_id=self.device_id)
        self.fill(server)
        info = create_info_response(self.model, "127.0.0.1", self._mac)
        server.add_method("miIO.info", info)
        server._address = "127.0.0.1"
        await server.start()
        self._ready.set()
        while not self._stop.is_set():
            await asyncio.sleep(0.02)
        await server.stop()


def add_fan(server):
    """Make python-miio's simulated fan of a server."""
    device = miiosimulator.SimulatedMiio.parse_obj(FAN)
    device._model = MODEL
    miiosimulator.MiioSimulator(dev=device, server=server)
    server.add_method("echo", lambda request: {"result": request["params"]})
    bumps = []
    server.add_method(
        "bump", lambda request: {"result": bumps.append(1) or [len(bumps)]}
    )
    server.add_method("count", lambda request: {"result": [len(bumps)]})


class OurClientTest(CliCase):
    """Our client and command line, their device."""

    @classmethod
    def setUpClass(cls):
        cls.device = TheirDevice(MODEL, add_fan)
        cls.device.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.device.__exit__()

    def send(self, command):
        status, out, err = run_cli(
            "--ip", "127.0.0.1", "--token", TOKEN, "--sendcmd", command
        )
        self.assertEqual((status, err), (0, ""))
        return json.loads(out)

    def test_discover(self):
        status, out, err = run_cli("--discover", "127.0.0.1", "--json")
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(json.loads(out)["device_id"], self.device.device_id)

    def test_info(self):
        status, out, err = run_cli("--ip", "127.0.0.1", "--info", "--token", TOKEN)
        self.assertEqual((status, err, json.loads(out)["model"]), (0, "", MODEL))

    def test_properties(self):
        get = '{"method":"get_prop","params":["power","speed"]}'
        self.assertEqual(self.send(get), ["on", 33])
        self.assertEqual(self.send('{"method":"set_speed","params":[44]}'), ["ok"])
        self.assertEqual(self.send(get), ["on", 44])

    def test_unknown_method(self):
        error = self.check_failure(
            4, "--ip", "127.0.0.1", "--token", TOKEN, "--sendcmd", '{"method":"no"}'
        )
        self.assertIn(" -2 ", error)

    def test_large_payload(self):
        with Client("127.0.0.1", TOKEN) as client:
            text = "x" * 30000
            self.assertEqual(client.send("echo", [text]), [text])

    def test_each_command_acts_once(self):
        with Client("127.0.0.1", TOKEN) as client:
            for number in range(1, 11):
                self.assertEqual(client.send("bump"), [number])
            self.assertEqual(client.send("count"), [10])

    def test_wrong_token(self):
        with Client("127.0.0.1", OTHER_TOKEN, timeout=0.5) as client:
            with self.assertRaisesRegex(NoReply, "token"):
                client.send("count")


class TheirClientTest(unittest.TestCase):
    """Their client, our device: the same answers as our client gets."""

    def test_same_answers(self):
        device = counting_fan(TOKEN)
        with Simulator(device, port=54321), Client("127.0.0.1", TOKEN) as ours:
            theirs = MiIOProtocol("127.0.0.1", TOKEN, timeout=3)
            for method, params in (
                ("miIO.info", []),
                ("get_prop", ["power", "speed"]),
                ("set_speed", [44]),
                ("get_prop", ["speed"]),
                ("get_properties", [{"did": "x", "siid": 2, "piid": 1}]),
                ("set_properties", [{"did": "x", "siid": 2, "piid": 3, "value": 9}]),
                ("action", {"did": "x", "siid": 2, "aiid": 1, "in": []}),
                ("echo", ["\u0434\u043e\u043c", 1.5, None, {"a": [True]}]),
                ("echo", ["x" * 3900]),  # theirs reads 4096 bytes at the most
            ):
                with self.subTest(method=method):
                    self.assertEqual(
                        theirs.send(method, params), ours.send(method, params)
                    )
            for number in range(1, 11):
                self.assertEqual(theirs.send("bump", []), [number])
            self.assertEqual(ours.send("count"), [10])
            with self.assertRaises(DeviceException):
                theirs.send("no_such_method", [])
            with self.assertRaises(DeviceError):
                ours.send("no_such_method", [])

    def test_our_command_line_serves_it(self):
        process = subprocess.Popen(
            [sys.executable, "-m", "miio_pure", "--simulate", "--token", TOKEN],
            stderr=subprocess.PIPE,
        )
        try:
            process.stderr.readline()
            theirs = MiIOProtocol("127.0.0.1", TOKEN, timeout=3)
            self.assertEqual(theirs.send("get_prop", ["power"]), ["on"])
        finally:
            process.terminate()
            process.communicate()


if __name__ == "__main__":
    unittest.main()
