# SPDX-License-Identifier: MIT
"""Devices among environment variables."""

from ..support.samples import FilesCase
from ..support.stores import FIRST, ONE, SECOND, TWO


class EnvironmentTest(FilesCase):
    def check(self, text, *devices):
        text = text.replace("ONE", ONE).replace("TWO", TWO)
        self.assertEqual(self.facts(text), list(devices), text)

    def test_how_it_may_be_written(self):
        for text in (
            "MIROBO_IP=192.168.1.5\nMIROBO_TOKEN=ONE\n",
            "export MIIO_TOKEN='ONE'\nexport MIIO_IP='192.168.1.5'\n",
            'set MIPLUG_IP="192.168.1.5"\r\nset MIPLUG_TOKEN="ONE"\r\n',
            "  environment:\n    - MIIO_HOST=192.168.1.5 # x\n    - MIIO_TOKEN=ONE\n",
            "    MIIO_HOST: 192.168.1.5\n    MIIO_TOKEN: ONE\n",
            "$env:LAMP_MIIO_IP = '192.168.1.5'\n$env:LAMP_MIIO_TOKEN = 'ONE'\n",
        ):
            self.check(text, FIRST)

    def test_what_stands_in_front_tells_devices_apart(self):
        self.check(
            "LAMP_MIIO_TOKEN=ONE\nFAN_MIIO_TOKEN=TWO\n"
            "FAN_MIIO_IP=192.168.1.6\nLAMP_MIIO_IP=192.168.1.5\n",
            FIRST,
            SECOND,
        )
        self.check("A_MIIO_TOKEN=ONE\nB_MIIO_IP=192.168.1.6\n")

    def test_a_variable_that_is_set_twice(self):
        self.check(
            "MIIO_IP=192.168.1.5\nMIIO_TOKEN=ONE\n"
            "MIIO_IP=192.168.1.6\nMIIO_TOKEN=TWO\n",
            FIRST,
            SECOND,
        )
        self.check("MIIO_TOKEN=ONE\nMIIO_IP=192.168.1.5\nMIIO_TOKEN=TWO\n")

    def test_other_programs_are_left_alone(self):
        for prefix in ("GITHUB", "MINIO", "MIKROTIK", "SEMIIO"):
            self.check("%s_IP=192.168.1.5\n%s_TOKEN=ONE\n" % (prefix, prefix))

    def test_what_is_commented_out_does_not_count(self):
        self.check("#MIIO_TOKEN=TWO\nMIIO_IP=192.168.1.5\nMIIO_TOKEN=ONE\n", FIRST)
