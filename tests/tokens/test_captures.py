# SPDX-License-Identifier: MIT
"""Tokens out of captures: what devices reveal in their hellos."""

from unittest import mock

from ..support import OTHER_TOKEN, TOKEN, backups, captures
from ..support.samples import FilesCase


def reveal(*tokens):
    """Return a pcap in which a device answers hellos with these tokens."""
    packets = []
    for number, token in enumerate(tokens):
        packets.append(captures.to_device(captures.hello(), number))
        answer = captures.hello_reply(bytes.fromhex(token))
        packets.append(captures.from_device(answer, number))
    return captures.pcap(captures.link(packets), step=2)


class CapturesTest(FilesCase):
    def found(self, data):
        """Return (address, device id, token) of each device in a file."""
        findings = self.search(data)
        return [(one.address, one.device_id, one.token) for one in findings.records]

    def test_a_token_that_a_hello_reply_reveals(self):
        here = (captures.DEVICE, str(captures.DEVICE_ID))
        data = reveal(TOKEN, TOKEN, "f" * 32)
        self.assertEqual(self.found(data), [here + (TOKEN,)])
        self.assertEqual(self.found(backups.zipped({"x": data})), [here + (TOKEN,)])
        data = reveal(TOKEN, OTHER_TOKEN)
        self.assertEqual(len(self.found(data)), 2)

    def test_a_capture_that_is_cut_gives_what_came_before(self):
        self.refused(reveal(TOKEN)[:-5], "its end is missing")
        findings = self.search(reveal(TOKEN, TOKEN)[:-5])
        self.assertEqual([one.token for one in findings.records], [TOKEN])
        self.assertIn("its end is missing", findings.notes[0][1])

    def test_a_device_that_hides_its_token_is_named(self):
        (record,) = self.search(reveal("f" * 32)).without
        self.assertEqual(record.device_id, str(captures.DEVICE_ID))
        self.assertIn("hides its token", record.why)

    def test_requests_and_other_packets_are_no_devices(self):
        data = captures.pcap(captures.link(captures.conversation()[2:]))
        findings = self.search(data)
        self.assertEqual((findings.records, findings.without), ([], []))

    def test_a_copy_without_the_folder_takes_captures_for_text(self):
        with mock.patch.dict("sys.modules", {"miio_pure.capture": None}):
            self.assertEqual(self.found(reveal(TOKEN)), [])
