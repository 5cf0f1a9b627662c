# SPDX-License-Identifier: MIT
"""The client on real sockets: threads, forks, Ctrl-C, and what the network refuses."""

import os
import sys
import threading
import time
import unittest
from unittest import mock

from miio_pure import (
    Client,
    NoReply,
    PayloadError,
    Token,
    TokenError,
    discover,
    packet,
    payload,
)
from miio_pure.client import system as SYSTEM
from miio_pure.simulator import FakeDevice, Simulator, fan

from .support import CLOSED_PORT, ROOT, TOKEN, run_python
from .support.interrupts import interrupt
from .support.system import load_without

# Asks a device in two processes at once, over a client that was made before the fork.
FORK = """
import os, sys
sys.path.insert(0, sys.argv[1])
from miio_pure import Client
client = Client("127.0.0.1", sys.argv[2], port=int(sys.argv[3]))
client.handshake()
child = os.fork()
name = "child" if child == 0 else "parent"
for number in range(20):
    answer = client.send("echo", [name, number])
    if answer != [name, number]:
        print("the %s got %s" % (name, answer), flush=True)
        os._exit(1)
if child == 0:
    os._exit(0)
sys.exit(os.waitpid(child, 0)[1])
"""


class Recorder:
    """Notes the id of each request that reaches a device."""

    def __init__(self, device):
        self.idents = []
        self._device, self._handle = device, device.handle
        device.handle = self.handle

    def handle(self, datagram, now):
        if len(datagram) > 32:
            request = packet.decode(datagram, self._device.token)
            self.idents.append(payload.load(request.payload)["id"])
        return self._handle(datagram, now)


class CallTest(unittest.TestCase):
    def test_it_talks_and_traces(self):
        seen = []
        with Simulator(fan(TOKEN)) as simulator:
            with Client(
                "127.0.0.1",
                TOKEN,
                port=simulator.port,
                bind="127.0.0.1",
                trace=lambda *event: seen.append(event),
            ) as client:
                self.assertEqual(client.send("get_prop", ["power"]), ["on"])
                self.assertEqual(client.handshake().port, simulator.port)
                client.close()
                self.assertEqual(client.send("get_prop", ["power"]), ["on"])
                self.assertEqual(repr(client), "<Client 127.0.0.1>")
        self.assertEqual(
            [(event, address) for event, _, address in seen[:4]],
            [("sent", "127.0.0.1"), ("received", "127.0.0.1")] * 2,
        )

    def test_it_takes_the_largest_replies(self):
        device = FakeDevice(TOKEN, methods={"echo": lambda params: params})
        with Simulator(device) as simulator:
            with Client("127.0.0.1", TOKEN, port=simulator.port) as client:
                text = "x" * 60000
                self.assertEqual(client.send("echo", [text]), [text])

    def test_info_is_an_object(self):
        device = fan(TOKEN)
        with Simulator(device) as simulator:
            with Client("127.0.0.1", TOKEN, port=simulator.port) as client:
                self.assertEqual(client.info()["model"], "simulated.fan.v1")
                device.methods["miIO.info"] = lambda params: ["odd"]
                self.assertRaises(PayloadError, client.info)

    def test_it_finds_a_host_by_name(self):
        with Simulator(fan(TOKEN)) as simulator:
            with Client("localhost", TOKEN, port=simulator.port) as client:
                self.assertEqual(client.handshake().address, "127.0.0.1")

    def test_discover_is_at_hand(self):
        self.assertIs(Client.discover, discover)

    def test_mistakes_are_reported_before_anything_is_sent(self):
        self.assertRaises(TypeError, Client, 5, TOKEN)
        for options, error in (
            ({"port": 0}, ValueError),
            ({"port": 1.5}, ValueError),
            ({"port": 65536}, ValueError),
            ({"timeout": 0}, ValueError),
            ({"timeout": float("nan")}, ValueError),
            ({"timeout": -1}, ValueError),
            ({"timeout": 1e9}, ValueError),
            ({"timeout": "5"}, TypeError),
            ({"timeout": None}, TypeError),
            ({"timeout": True}, TypeError),
        ):
            self.assertRaises(error, Client, "lamp", TOKEN, **options)
        self.assertRaises(TokenError, Client, "lamp", b"too short")
        client = Client("lamp.invalid", TOKEN)
        self.assertRaises(ValueError, client.send, "toggle", retry="often")
        self.assertRaises(TypeError, client.send, 5)

    @unittest.skipIf(sys.implementation.name != "cpython", "needs CPython")
    def test_a_system_without_posix(self):
        """As Windows."""
        module = load_without("posix", "miio_pure.client")
        self.assertIs(module.system, os)

    def test_a_client_needs_no_device_to_be_made(self):
        self.assertEqual(repr(Client("lamp")), "<Client lamp>")


class SuspendTest(unittest.TestCase):
    def test_a_suspend_makes_a_hello_due(self):
        """The wall clock goes on in it, and so does the device's."""
        hellos = []

        def note(event, datagram, address):
            hellos.append(event == "sent" and datagram == packet.HELLO)

        with Simulator(fan(TOKEN)) as simulator:
            with Client("127.0.0.1", TOKEN, port=simulator.port, trace=note) as client:
                for drift, count in ((0, 1), (1, 1), (3600, 2), (3600, 2), (0, 3)):
                    now = time.time() + drift
                    with mock.patch("time.time", return_value=now):
                        client.send("get_prop", ["power"])
                    self.assertEqual(sum(hellos), count)


class IdTest(unittest.TestCase):
    def first_ids(self, count):
        device = fan(TOKEN)
        recorder = Recorder(device)
        with Simulator(device) as simulator:
            for _ in range(count):
                with Client("127.0.0.1", TOKEN, port=simulator.port) as client:
                    client.send("get_prop", ["power"])
        return recorder.idents

    def test_clients_start_at_random_ids(self):
        """Forty of them would be far apart by accident once in 10 to the 11th runs."""
        idents = self.first_ids(40)
        self.assertEqual(len(set(idents)), 40)
        self.assertTrue(all(0 < ident < 1 << 31 for ident in idents))
        self.assertGreater(max(idents) - min(idents), 1 << 29)

    def test_without_randomness_clock_and_process_choose(self):
        def refuse(size):
            raise NotImplementedError

        with mock.patch.object(SYSTEM, "urandom", refuse):
            idents = self.first_ids(3)
        self.assertEqual(len(set(idents)), 3)
        self.assertTrue(all(0 < ident < 1 << 31 for ident in idents))

    def test_a_chosen_id_used_twice_gets_its_own_answer(self):
        """The first call's reply comes again, late, when the second call waits."""
        device = FakeDevice(TOKEN, methods={"set_speed": lambda params: params})
        handle, replies = device.handle, []

        def repeat_the_last(datagram, now):
            new = handle(datagram, now)
            if len(datagram) > 32:
                replies.extend(new)
                return [replies[0]] + new
            return new

        device.handle = repeat_the_last
        with Simulator(device) as simulator:
            with Client("127.0.0.1", TOKEN, port=simulator.port) as client:
                for number in range(2):
                    fields = {"id": 1, "method": "set_speed", "params": [number]}
                    first = client.command(fields)
                    # A device that repeats old datagrams to the new port is believed,
                    # as nothing tells its datagrams apart; the network's own copies go
                    # to the old port.
                    self.assertEqual(first, [0])

    def test_another_process_takes_another_socket_and_other_ids(self):
        device = FakeDevice(TOKEN, methods={"echo": lambda params: params})
        recorder = Recorder(device)
        with Simulator(device) as simulator:
            with Client("127.0.0.1", TOKEN, port=simulator.port) as client:
                client.send("echo")
                before = recorder.idents[-1]
                with mock.patch.object(SYSTEM, "getpid", return_value=0):
                    client.send("echo")
                self.assertNotEqual(recorder.idents[-1], before + 1)

    @unittest.skipUnless(hasattr(os, "fork"), "needs fork")
    def test_parent_and_child_get_their_own_answers(self):
        device = FakeDevice(TOKEN, methods={"echo": lambda params: params})
        recorder = Recorder(device)
        with Simulator(device) as simulator:
            done = run_python("-c", FORK, ROOT, TOKEN, str(simulator.port))
        self.assertEqual(done, (0, "", ""))
        self.assertEqual(len(recorder.idents), 40)
        self.assertEqual(len(set(recorder.idents)), 40)

    def test_threads_that_start_at_once_after_a_fork_take_turns(self):
        device = FakeDevice(TOKEN, methods={"echo": lambda params: params})
        errors = []
        with Simulator(device) as simulator:
            with Client("127.0.0.1", TOKEN, port=simulator.port, timeout=60) as client:

                def work(number, barrier):
                    barrier.wait()
                    try:
                        if client.send("echo", [number]) != [number]:
                            errors.append("a wrong answer")
                    except Exception as error:
                        errors.append(repr(error))

                interval = sys.getswitchinterval()
                self.addCleanup(sys.setswitchinterval, interval)
                sys.setswitchinterval(1e-6)
                for process in range(40):
                    barrier = threading.Barrier(4)
                    threads = [
                        threading.Thread(target=work, args=(n, barrier))
                        for n in range(4)
                    ]
                    with mock.patch.object(SYSTEM, "getpid", return_value=process):
                        for thread in threads:
                            thread.start()
                        for thread in threads:
                            thread.join()
        self.assertEqual(errors, [])


class TurnTest(unittest.TestCase):
    def test_threads_take_turns(self):
        """Eight threads, 5,000 calls: each gets its own answer, and ids stay unique."""
        wrong = []
        device = FakeDevice(TOKEN, methods={"echo": lambda params: params})
        recorder = Recorder(device)
        with Simulator(device) as simulator:
            with Client("127.0.0.1", TOKEN, port=simulator.port, timeout=60) as client:

                def work(number):
                    for i in range(625):
                        if client.send("echo", [number, i]) != [number, i]:
                            wrong.append((number, i))

                threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
        self.assertEqual(wrong, [])
        self.assertEqual(len(recorder.idents), 5000)
        self.assertEqual(len(set(recorder.idents)), 5000)

    def test_a_turn_that_never_comes(self):
        busy, done = threading.Event(), threading.Event()

        def hold(event, datagram, address):
            busy.set()
            done.wait()

        with Simulator(fan(TOKEN)) as simulator:
            client = Client(
                "127.0.0.1", TOKEN, port=simulator.port, timeout=0.05, trace=hold
            )
            thread = threading.Thread(target=self.call_quietly, args=(client,))
            thread.start()
            busy.wait()
            with self.assertRaisesRegex(NoReply, "other threads") as caught:
                client.send("get_prop", ["power"])
            self.assertFalse(caught.exception.sent)
            done.set()
            thread.join()
            client.close()

    def test_a_call_within_a_call_of_the_same_thread_is_refused(self):
        """As from a signal handler, which a trace stands for."""
        refused = []

        def call(event, datagram, address):
            with self.assertRaisesRegex(NoReply, "in the middle of another") as caught:
                client.send("toggle")
            refused.append(caught.exception.sent)

        device = fan(TOKEN)
        with Simulator(device) as simulator:
            client = Client("127.0.0.1", TOKEN, port=simulator.port, trace=call)
            with client:
                self.assertEqual(client.send("get_prop", ["power"]), ["on"])
        self.assertEqual((set(refused), device.acted), ({False}, 0))

    def call_quietly(self, client):
        try:
            client.send("get_prop", ["power"])
        except NoReply:
            pass

    def test_a_timeout_too_short_blames_nobody_else(self):
        client = Client("127.0.0.1", TOKEN, port=CLOSED_PORT, timeout=1e-9)
        with self.assertRaises(NoReply) as caught:
            client.info()
        self.assertNotIn("thread", str(caught.exception))

    def test_closed_by_another_thread(self):
        device = fan(TOKEN)
        with Simulator(device) as simulator:
            client = Client("127.0.0.1", TOKEN, port=simulator.port)
            client.info()
            handle = device.handle

            def close_then_handle(*args):
                client.close()
                return handle(*args)

            device.handle = close_then_handle
            try:
                client.info()
            except NoReply as error:
                self.assertRegex(str(error), "was closed")
            client.close()


@unittest.skipIf(sys.implementation.name != "cpython", "needs CPython")
class InterruptTest(unittest.TestCase):
    def test_ctrl_c_anywhere_leaves_the_client_usable(self):
        """By other threads, too: at no step does the lock stay behind."""
        device = fan(TOKEN)
        with Simulator(device) as simulator:
            with Client("127.0.0.1", TOKEN, port=simulator.port, timeout=9) as client:

                def send():
                    return client.send("get_prop", ["power"])

                send()
                step = 1
                while interrupt(send, step, "client.py"):
                    self.assertEqual(send(), ["on"], "step %d" % step)
                    step += 1
        self.assertGreater(step, 30)


class RefusalTest(unittest.TestCase):
    def test_closed_port(self):
        with Client("127.0.0.1", TOKEN, port=CLOSED_PORT, timeout=60) as client:
            with self.assertRaisesRegex(NoReply, "port is closed"):
                client.info()

    def test_a_port_that_closes(self):
        with Simulator(FakeDevice(TOKEN)) as simulator:
            client = Client("127.0.0.1", TOKEN, port=simulator.port, timeout=60)
            client.info()
        with client, self.assertRaisesRegex(NoReply, "port is closed") as caught:
            client.info()
        self.assertEqual(caught.exception.attempts, 1)

    def test_unknown_hosts(self):
        for host in ("no-such-host.invalid", "", "b\u00fcro", "a b", "a\0b", "x" * 300):
            with self.assertRaisesRegex(NoReply, "host") as caught:
                Client(host, TOKEN, timeout=3).info()
            self.assertFalse(caught.exception.sent)
            self.assertNotIn("name server", str(caught.exception))

    def test_a_local_address_that_is_not_ours(self):
        with self.assertRaisesRegex(NoReply, "cannot send from 192.0.2.77"):
            Client("127.0.0.1", TOKEN, bind="192.0.2.77").info()

    def test_a_broadcast_address_is_not_a_device(self):
        with self.assertRaisesRegex(NoReply, "broadcast address"):
            Client("127.255.255.255", TOKEN).info()

    def test_saved_tokens_may_be_of_any_form(self):
        for form in (Token(TOKEN), TOKEN, bytes.fromhex(TOKEN)):

            class Saved:
                def token(self, device_id):
                    return form

            with Simulator(fan(TOKEN)) as simulator:
                with Client("127.0.0.1", tokens=Saved(), port=simulator.port) as client:
                    self.assertEqual(client.send("get_prop", ["power"]), ["on"])
