# SPDX-License-Identifier: MIT
"""MIoT with an independent implementation, python-miio, in both directions.

    python3 -m tests.campaigns.miot_peer

This needs python-miio 0.6.0.dev0 (`benchmarks/requirements.txt`) and UDP port 54321 of
127.0.0.1; it is run by .ci/run and not by unittest. Its spec files are those of a user
of python-miio: the plain file that its simulator takes, and the cache that it keeps of
the files that it has downloaded.
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

from miio.devtools.simulators.miotsimulator import MiotSimulator, SimulatedDeviceModel
from miio.integrations.genericmiot.genericmiot import GenericMiot
from miio.miot_cloud import MiotCloud

from miio_pure import Client, DeviceError
from miio_pure.miot import Miot, Spec

from ..support import ROOT, TOKEN, specs

from .peer import TheirDevice

MODEL = "acme.light.x1"
METHODS = ("get_properties", "set_properties", "action")


def make_light():
    """Return a spec with a lamp's properties and enough others for two batches."""
    root = specs.make_lamp()
    properties = [
        specs.make_property(
            piid, "value-%d" % piid, "uint8", specs.SET, limits=(0, 200, 1)
        )
        for piid in range(1, 21)
    ]
    root["services"].append(specs.make_service(3, "custom", properties))
    # python-miio makes classes of the descriptions, which need a name for that.
    for service in root["services"]:
        for one in service["properties"]:
            one["description"] = one["description"] or "Value"
    return root


class FilesCase(unittest.TestCase):
    """A spec as a plain file, and in the cache of a user of python-miio."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.plain = os.path.join(folder.name, "light.json")
        cache = os.path.join(folder.name, "python-miio")
        self.cached = os.path.join(cache, MODEL + ".json")
        os.mkdir(cache)
        root = make_light()
        release = {"model": MODEL, "version": 1, "status": "released"}
        release["type"] = root["type"]
        self.write(self.plain, root)
        self.write(self.cached, root)
        listing = os.path.join(cache, "model-to-urn.json")
        self.write(listing, {"instances": [release]})
        home = mock.patch.dict(os.environ, XDG_CACHE_HOME=folder.name)
        home.start()
        self.addCleanup(home.stop)

    def write(self, path, value):
        with open(path, "w", encoding="utf-8") as file:
            json.dump(value, file)


class OurClientTest(FilesCase):
    """Our client, their device, which was made from either form of the spec."""

    def talk(self, model, path):
        """Make a device of their model, and let our client read the file."""

        def fill(server):
            simulator = MiotSimulator(device_model=model)
            for name in METHODS:
                server.add_method(name, getattr(simulator, name))

        with TheirDevice(MODEL, fill), Client("127.0.0.1", TOKEN) as client:
            self.check(Miot(client, Spec.load(path)))

    def test_a_plain_file(self):
        with open(self.plain, encoding="utf-8") as file:
            model = SimulatedDeviceModel.parse_raw(file.read())
        self.talk(model, self.plain)

    def test_a_file_of_its_cache(self):
        schema = MiotCloud().get_model_schema(MODEL)
        self.talk(SimulatedDeviceModel.parse_obj(schema), self.cached)

    def check(self, miot):
        outcomes = miot.status()
        self.assertEqual({one.code for one in outcomes}, {0})
        for one in outcomes:
            one.property.check(one.value)
        self.assertEqual(len(outcomes), 24)
        self.assertEqual(miot.max_batch, 15)
        values = {"light:on": True, "mode": "night", "2.3": 60, "value-20": 7}
        miot.set(values)
        got = miot.get(*values)
        self.assertEqual(got, dict(values, mode=1))
        self.assertEqual(miot.run("toggle"), [])
        self.check_numbers(Miot(miot.client))

    def check_numbers(self, miot):
        """Talk without a spec: what is wrong reaches the device."""
        # It expects the values of an action without their numbers.
        self.assertEqual(miot.run("2.2", 33), [])
        good, bad = miot.read("2.1", "9.9")
        self.assertEqual((good.code, bad.code, bad.value), (0, -1000, None))
        with self.assertRaises(DeviceError):
            miot.get("9.9")


class TheirClientTest(FilesCase):
    """Their client, and our command line, which serves the plain file."""

    def setUp(self):
        super().setUp()
        command = [sys.executable, "-m", "miio_pure", "simulate", "--token", TOKEN]
        process = subprocess.Popen(
            command + ["--spec", self.plain], stderr=subprocess.PIPE, cwd=ROOT
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.terminate)
        self.assertIn(b"simulated device", process.stderr.readline())
        self.device = GenericMiot("127.0.0.1", TOKEN)

    def read(self):
        return self.device.status().data

    def test_it_finds_the_model_and_reads_everything(self):
        self.assertEqual(self.device.info().model, MODEL)
        status = self.read()
        self.assertEqual(len(status), 24)
        self.assertEqual(status["light:on"], False)
        self.assertEqual(status["light:brightness"], 50)
        self.assertEqual(status["custom:value-7"], 100)

    def test_its_settings(self):
        device = self.device
        self.assertEqual(len(device.settings()), 24)
        self.assertEqual(device.settings()["light:brightness"].max_value, 100)
        for name, value in (("light:on", True), ("light:mode", 1), ("light:color", 9)):
            (answer,) = device.change_setting(name, value)
            self.assertEqual((answer["did"], answer["code"]), (name, 0))
            self.assertEqual(self.read()[name], value)

    def test_a_wrong_value_is_refused(self):
        (answer,) = self.device.change_setting("light:brightness", 101)
        self.assertEqual(answer["code"], -4005)
        self.assertEqual(self.read()["light:brightness"], 50)

    def test_its_actions(self):
        device = self.device
        self.assertEqual(
            sorted(device.actions()), ["light:set-brightness", "light:toggle"]
        )
        self.assertEqual(device.call_action("light:toggle")["code"], 0)
        self.assertIs(self.read()["light:on"], True)
        given = [{"piid": 3, "value": 77}]
        answer = device.call_action("light:set-brightness", given)
        self.assertEqual((answer["code"], answer["out"]), (0, []))
        self.assertEqual(self.read()["light:brightness"], 77)
        self.assertEqual(device.call_action("light:set-brightness")["code"], -4006)


if __name__ == "__main__":
    unittest.main()
