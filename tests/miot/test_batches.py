# SPDX-License-Identifier: MIT
"""How many properties are asked for at once, and what makes that fewer."""

import random

from miio_pure import DeviceError, NoReply, PayloadError, Token, packet, payload

from ..support import TOKEN, specs
from ..support.miot import DEVICE_ID, MiotCase


class BatchTest(MiotCase):
    @staticmethod
    def root():
        return specs.make_wide(60)

    def test_60_properties_are_four_requests(self):
        for one in self.spec.readable():
            self.device.properties[2, one.piid] = one.piid
        values = [one.value for one in self.miot.status()]
        self.assertEqual(values, list(range(1, 61)))
        self.assertEqual(self.sizes(), [15, 15, 15, 15])

    def test_a_request_has_at_most_1000_bytes_of_params(self):
        self.miot.did = "x" * 100
        self.miot.status()
        requests = self.requests()
        sizes = {len(payload.dump(params)) for params in requests[:-1]}
        self.assertEqual([size for size in sizes if not 850 < size <= 1000], [])
        self.assertEqual(sum(map(len, requests)), 60)

    def test_one_property_may_take_more(self):
        self.miot.did = "x" * 2000
        self.miot.read("2.1", "2.2")
        self.assertEqual(self.sizes(), [1, 1])

    def test_batches_are_halved_whatever_the_way_of_the_device(self):
        names = ["2.%d" % i for i in range(1, 31)]
        for way, first in (
            ("", [15, 7] + [3] * 10),
            (" silent", [15, 15, 15, 7, 7, 7] + [3] * 10),
            (" short", [15, 7, 3, 3, 3, 3, 3, 3, 3, 3]),
            (" cut", [15, 15, 15, 7, 7, 7] + [3] * 10),
        ):
            self.setUp()
            self.device.faults.add("at most 4" + way)
            for one in self.spec.readable():
                self.device.properties[2, one.piid] = one.piid
            values = [one.value for one in self.miot.read(*names)]
            self.assertEqual(values, list(range(1, 31)), way)
            self.assertEqual(self.sizes()[:6], first[:6], way)
            self.assertEqual(self.miot.max_batch, 3)
            self.miot.read(*names)
            self.assertEqual(self.sizes(), [3] * 10, way)

    def test_a_device_that_takes_one_at_a_time(self):
        self.device.faults.add("at most 1")
        self.miot.status()
        self.assertEqual(self.sizes(), [15, 7, 3] + [1] * 15 + [15, 7, 3] + [1] * 45)
        self.assertEqual(self.miot.max_batch, 1)
        self.miot.status()
        self.assertEqual(self.sizes(), [1] * 60)

    def leave_out(self, *piids):
        self.change(
            "get_properties",
            lambda items: [item for item in items if item["piid"] not in piids],
        )

    def test_what_fails_alone_does_not_make_batches_smaller(self):
        self.leave_out(5)
        outcomes = self.miot.status()
        failed = [one.piid for one in outcomes if not one.is_done]
        self.assertEqual(failed, [5])
        self.assertEqual(self.sizes(), [15, 7, 3, 1, 15, 15, 7])
        self.assertEqual(self.miot.max_batch, 15)

    def refuse_batches(self, judge):
        """Let the device report -9999 where judge(piids) tells so."""
        answer = self.device.methods["get_properties"]

        def get_properties(params):
            if judge([item["piid"] for item in params]):
                raise DeviceError(-9999, "user ack timeout")
            return answer(params)

        self.device.methods["get_properties"] = get_properties

    def test_a_moment_in_which_the_device_is_busy_does_not_make_batches_smaller(self):
        for names, sizes in (
            (range(1, 61), [15, 7, 3, 3, 3, 3, 3, 15, 15, 15, 15]),
            (range(1, 13), [12, 6, 3, 3, 3, 3, 12]),
        ):
            self.setUp()
            moments = [True] * 2
            self.refuse_batches(lambda piids: moments and moments.pop())
            outcomes = self.miot.read(*("2.%d" % i for i in names))
            self.assertEqual([one.code for one in outcomes], [0] * len(outcomes))
            self.assertEqual(self.sizes(), sizes)
            self.assertEqual(self.miot.max_batch, 15)
            self.miot.status()
            self.assertEqual(self.sizes(), [15] * 4)

    def test_a_device_that_fails_while_it_is_asked_again_has_been_read(self):
        seen = []

        def note(piids):
            seen.append(len(piids))
            if seen == [4, 2, 2, 4]:
                raise DeviceError(-32601, "gone")
            return len(piids) > 2

        self.refuse_batches(note)
        outcomes = self.miot.read(*("2.%d" % i for i in range(1, 5)))
        self.assertEqual([one.code for one in outcomes], [0] * 4)
        self.assertEqual((seen, self.miot.max_batch), ([4, 2, 2, 4], 2))

    def test_sizes_are_learned_although_a_property_always_fails_alone(self):
        """The first reading finds out; the next ones waste nothing on sizes."""
        for way in ("", " short", " silent", " cut"):
            for piid in (1, 5, 9, 40, 60):
                self.setUp()
                self.device.faults.add("at most 4" + way)
                self.leave_out(piid)
                for reading in range(2):
                    failed = [one.piid for one in self.miot.status() if not one.is_done]
                    self.assertEqual(failed, [piid])
                    sizes = self.sizes()
                self.assertEqual(self.miot.max_batch, 3, (way, piid))
                self.assertEqual(max(sizes), 3, (way, piid))
                self.assertLessEqual(len(sizes), 22, (way, piid))

    def test_a_property_that_spoils_its_batch_does_not_make_batches_smaller(self):
        for piid in (1, 5, 60):
            self.setUp()
            self.refuse_batches(lambda piids: piid in piids)
            for reading in range(2):
                failed = [one.piid for one in self.miot.status() if not one.is_done]
                self.assertEqual((failed, self.miot.max_batch), ([piid], 15))
        self.setUp()
        self.refuse_batches(lambda piids: 2 in piids)
        self.miot.read("2.1", "2.2")
        self.assertEqual(self.sizes(), [2, 1, 1, 1, 1])
        self.assertEqual(self.miot.max_batch, 15)

    def test_a_device_that_answers_no_batch_as_a_whole(self):
        """A batch that was refused twice is all that tells about sizes."""
        self.leave_out(1, 2, 7)
        refused = [[1, 2, 3, 4, 5, 6, 7], [3, 4, 5, 6]]
        self.refuse_batches(lambda piids: piids in refused)
        self.miot.read(*("2.%d" % i for i in range(1, 8)))
        self.assertEqual(self.sizes(), [7, 3, 1, 1, 4, 1, 4])
        self.assertEqual(self.miot.max_batch, 2)

    def test_random_devices_are_read_as_far_as_they_can_be(self):
        """In a bounded number of requests, and the size is right at the second time."""
        for seed in range(25):
            draw = random.Random(seed)
            self.setUp()
            most, way = draw.choice((1, 2, 4, 7, 15, 60)), draw.choice(("", " short"))
            failing = draw.sample(range(1, 61), draw.choice((0, 0, 1, 2, 5)))
            if most < 60:
                self.device.faults.add("at most %d%s" % (most, way))
            self.leave_out(*failing)
            busy = draw.choice((0.0, 0.0, 0.05, 0.2))
            spoils = draw.random() < 0.4
            self.refuse_batches(
                lambda piids: draw.random() < busy
                or (spoils and set(piids) & set(failing))
            )
            for reading in range(2):
                outcomes = self.miot.status()
                failed = [one.piid for one in outcomes if not one.is_done]
                self.assertLessEqual(len(self.sizes()), 100, seed)
            if not busy:
                self.assertEqual(failed, sorted(failing), seed)
                least = 15 if most >= 15 else most // 2
                self.assertLessEqual(self.miot.max_batch, most, seed)
                self.assertGreaterEqual(self.miot.max_batch, least, seed)

    def test_two_properties_that_fail_alone(self):
        self.leave_out(5, 6)
        self.miot.status()
        self.assertEqual(self.miot.max_batch, 15)
        self.device.faults.add("at most 4 short")
        self.miot.status()
        self.assertEqual(self.miot.max_batch, 3)

    def test_a_busy_device_is_asked_again_for_one_property(self):
        busy = [True, True]
        answer = self.device.methods["get_properties"]

        def wait(params):
            if len(params) == 1 and busy and busy.pop():
                raise DeviceError(-9999, "user ack timeout")
            return answer(params)

        self.device.methods["get_properties"] = wait
        self.assertEqual(self.miot.get("2.1"), {"2.1": 0})
        busy[:] = [True] * 3
        (outcome,) = self.miot.read("2.1")
        self.assertEqual((outcome.code, outcome.value), (-9999, None))

    def test_a_device_that_is_silent_about_one_property(self):
        self.device.faults.add("deaf")
        self.miot.did = "1"
        self.refuse(NoReply, self.miot.read, "2.1")

    def test_a_device_that_no_longer_answers_hello_is_not_asked_for_fewer(self):
        self.miot.read("2.1")
        self.sizes()
        self.device.faults.add("deaf")
        self.refuse(NoReply, self.miot.status)
        self.assertEqual(self.sizes(), [15, 15, 15])

    def test_a_batch_that_cannot_leave_is_not_halved(self):
        self.miot.read("2.1")
        self.wire.faults = [NoReply("no route to host")]
        self.assertIn("no route", self.refuse(NoReply, self.miot.status))

    def test_an_answer_about_one_property_that_breaks_off(self):
        handle = self.device.handle

        def cut(datagram, now):
            (reply,) = handle(datagram, now)
            if len(reply) == 32:
                return [reply]
            text = packet.decode(reply, Token(TOKEN)).payload[:-9]
            return [packet.encode(Token(TOKEN), text, device_id=DEVICE_ID, stamp=1)]

        self.device.handle = cut
        self.refuse(PayloadError, self.miot.read, "2.1")
