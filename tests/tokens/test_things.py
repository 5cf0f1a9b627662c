# SPDX-License-Identifier: MIT
"""Devices in the .things files of openHAB, and in FHEM's configuration."""

from ..support.samples import FilesCase
from ..support.stores import FIRST, ONE, SECOND, TWO

PAIRS = 'host="192.168.1.5", token="%s"' % ONE
MORE = 'host="192.168.1.6", token="%s"' % TWO


class ThingsTest(FilesCase):
    def check(self, text, *devices):
        self.assertEqual(self.facts(text), list(devices), text)

    def test_how_it_may_be_written(self):
        for text in (
            "Thing miio:basic:x [ %s ]" % PAIRS,
            "Bridge miio:gateway:x[%s]{}" % PAIRS,
            "Thing miio:x:y\n[\n  %s\n]\n" % PAIRS.replace(", ", ",\n\n  "),
            "Thing miio:x:y [ %s, refresh=30, x=a ]" % PAIRS,
            'Thing miio:x:y [ /* old: token="%s" ] */ %s // ]\n ]' % (TWO, PAIRS),
            "Thing hue:x:y [ %s ]\nThing miio:x:y [ %s ]" % (MORE, PAIRS),
            "// Thing miio:x:z [ %s ]\nThing miio:x:y [ %s ]" % (MORE, PAIRS),
            "Thing miio:x:z Thing miio:x:y [ %s ]" % PAIRS,
        ):
            self.check(text, FIRST)

    def test_labels_and_places(self):
        for text, name in (
            ('"My ] Light"', "My ] Light"),
            ('"a \\" b" @ "Kitchen"', 'a " b'),
            ('@ "Kitchen"', None),
        ):
            expected = dict(FIRST, name=name) if name else FIRST
            self.check("Thing miio:x:y %s [ %s ]" % (text, PAIRS), expected)

    def test_things_of_a_bridge(self):
        self.check(
            'Bridge miio:gateway:x "G" [ %s ] {\n Thing lumi door "D" [ id="1" ]\n}\n'
            "Thing miio:x:y [ %s ]" % (PAIRS, MORE),
            dict(FIRST, name="G"),
            SECOND,
        )

    def test_what_is_broken_is_left_out_and_never_mixed(self):
        for text in (
            "Thing miio:x:y [ %s" % PAIRS,
            'Thing miio:x:y [ host="192.168.1.5" Thing miio:x:z [ token="%s" ]' % ONE,
            'Thing miio:x:y [ host="192.168.1.5", Thing miio:x:z [ token="%s" ]' % ONE,
            'Thing miio:x:y [ host="192.168.1.5 ]\nThing miio:x:z [ token="%s" ]' % ONE,
            'Thing miio:x:y [ host=, token="%s" ]' % ONE,
            'Thing miio:x:y [ host="192.168.1.5", host="192.168.1.6", token="%s" ]'
            % ONE,
            "Thing miio:x:y %s" % PAIRS,
            "Thing miio:x:y { %s }" % PAIRS,
            'Thing miio:x:y "%s' % PAIRS,
            "Thing miio:x:y token",
            "Thing",
            "Things miio:x:y [ %s ]" % PAIRS,
        ):
            self.check(text)


class FhemTest(FilesCase):
    def test_a_line_is_a_device(self):
        for line, count in (
            ("define vac XiaomiDevice VacuumCleaner 192.168.1.5 " + ONE, 1),
            ("define\tvac  XiaomiDevice  AirPurifier\t192.168.1.5 " + ONE + " \r", 1),
            ("#define vac XiaomiDevice VacuumCleaner 192.168.1.5 " + ONE, 0),
            ("define vac XiaomiDevice VacuumCleaner 192.168.1.5 " + ONE + "0", 0),
            ("define vac XiaomiDevice VacuumCleaner 192.168.1.5", 0),
            ("define vac HUEBridge VacuumCleaner 192.168.1.5 " + ONE, 0),
            ("define vac XiaomiDevice VacuumCleaner 999.168.1.5 " + ONE, 0),
        ):
            found = self.facts("attr a b\n%s\nattr vac room Home\n" % line)
            self.assertEqual(found, [dict(FIRST, name="vac")] * count, line)
