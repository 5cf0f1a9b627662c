# SPDX-License-Identifier: MIT
"""One call to many devices: on a network in memory, and on real sockets."""

import select
import sys
import threading
import types
import unittest
from unittest import mock

from miio_pure import Client, DeviceError, NoReply, TokenError
from miio_pure.exchange import Request, greet
from miio_pure.simulator import Simulator, fan
from miio_pure.together import MAX_UNDER_WAY, Run, run_all, send_to_all

from .support import CLOSED_PORT, OTHER_TOKEN, TOKEN
from .support.devices import counting_fan
from .support.interrupts import interrupt
from .support.memory import Network
from .support.system import system


def name_address(number):
    return "10.0.%d.%d" % (number // 250, number % 250 + 1)


def make_clients(count):
    return [Client(name_address(number), TOKEN) for number in range(count)]


def make_network(alive):
    """Return a network with a device at each of these addresses, by number."""
    return Network({name_address(number): counting_fan(TOKEN) for number in alive})


class MemoryTest(unittest.TestCase):
    """Time is what the network in memory says."""

    def ask(self, network, clients, **options):
        """Return the outcomes of a read, in order, and the seconds that it took."""
        start = network.time
        outcomes = list(send_to_all(clients, "get_prop", ["power"], **options))
        return outcomes, network.time - start

    def count(self, outcomes, kind):
        return sum(isinstance(outcome, kind) for _, outcome in outcomes)

    def test_outcomes_come_as_the_devices_answer(self):
        network = make_network(range(3))
        clients = make_clients(3)
        network.delays = {name_address(0): 0.3, name_address(2): 0.1}
        with network.under():
            outcomes, spent = self.ask(network, clients)
        self.assertEqual(
            outcomes, [(clients[1], ["on"]), (clients[2], ["on"]), (clients[0], ["on"])]
        )
        self.assertAlmostEqual(spent, 0.6, 2)

    def test_many_devices_take_no_longer_than_one(self):
        network = make_network(range(MAX_UNDER_WAY))
        with network.under():
            outcomes, spent = self.ask(network, make_clients(MAX_UNDER_WAY))
        self.assertEqual([one for _, one in outcomes], [["on"]] * MAX_UNDER_WAY)
        self.assertAlmostEqual(spent, 0.1, 2)

    def test_no_more_than_64_are_under_way(self):
        network = make_network(range(200))
        clients = make_clients(200)
        with network.under():
            outcomes, spent = self.ask(network, clients)
            self.assertEqual({client for client, _ in outcomes}, set(clients))
            self.assertEqual([one for _, one in outcomes], [["on"]] * 200)
            # A hello takes a new socket while the old one is still open.
            self.assertLessEqual(network.most_sockets, MAX_UNDER_WAY + 1)
            self.assertEqual(len(network.sockets), 0)
        self.assertAlmostEqual(spent, 0.4, 2)

    def test_plans_begin_at_any_time_and_their_exchanges_share_no_deadline(self):
        network = make_network([0])
        alive, silent = make_clients(2)

        def greet_twice():
            for _ in range(2):
                try:
                    yield greet
                except NoReply:
                    pass

        ended = []
        with network.under():
            run, start = Run(2, 3.0), network.time
            run.add(silent, greet_twice())
            for second in range(1, 8):
                run.add(alive, greet_twice())
                for client, _ in run.go_on(start + second):
                    ended.append((client, round(network.time - start)))
                network.sleep(start + second - network.time)
            self.assertEqual(list(run.go_on(network.time + 60)), [])
            run.close()
        expected = [(alive, second) for second in range(7)]
        self.assertEqual(ended, expected[:6] + [(silent, 6)] + expected[6:])

    def test_few_clients_keep_their_sockets(self):
        network = make_network(range(9))
        clients = make_clients(10)
        with network.under():
            self.ask(network, clients)
            self.assertEqual(len(network.sockets), 9)
            del network.greeted[:]
            outcomes, spent = self.ask(network, clients[:9])
            self.assertEqual((network.greeted, len(network.sockets)), ([], 9))
        self.assertAlmostEqual(spent, 0.05, 2)

    def test_dead_devices_leave_time_for_the_others(self):
        """However many there are, each client gets its turn, and is told the truth."""
        for count, alive in ((65, 64), (100, 99), (129, 128), (500, 499)):
            for timeout in (5.0, 1.0):
                network = make_network([alive])
                clients = make_clients(count)
                with network.under(), self.subTest(count=count, timeout=timeout):
                    outcomes, spent = self.ask(network, clients, timeout=timeout)
                    self.assertLess(spent, timeout + 0.1)
                    self.assertEqual(dict(outcomes)[clients[alive]], ["on"])
                    self.assertEqual(self.count(outcomes, NoReply), count - 1)
                    self.assertEqual(len(set(network.greeted)), count)
                    for _, outcome in outcomes:
                        if isinstance(outcome, NoReply):
                            self.assertRegex(str(outcome), "no answer to hello")
                            self.assertFalse(outcome.sent)

    def test_up_to_64_clients_have_all_of_the_time(self):
        network = make_network([])
        with network.under():
            outcomes, spent = self.ask(network, make_clients(MAX_UNDER_WAY), timeout=3)
        self.assertAlmostEqual(spent, 3.0, 2)
        for _, outcome in outcomes:
            self.assertRegex(str(outcome), r"within 3\.0 s")

    def test_a_caller_that_takes_all_of_the_time_is_told_what_was_not_sent(self):
        network = make_network(range(100))
        with network.under():
            outcomes = send_to_all(make_clients(100), "toggle", timeout=1)
            first = next(outcomes)
            network.sleep(5)
            rest = list(outcomes)
        self.assertEqual(first[1], ["ok"])
        # What had arrived in time counts.
        self.assertEqual(self.count(rest, list), MAX_UNDER_WAY - 1)
        silent = [one for _, one in rest if isinstance(one, NoReply)]
        self.assertEqual(len(silent), 36)
        for error in silent:
            self.assertRegex(str(error), "the time was up before this request")
            self.assertFalse(error.sent)
        acted = sum(device.acted for device in network.devices.values())
        self.assertEqual(acted, MAX_UNDER_WAY)

    def test_a_client_given_twice_is_called_twice(self):
        network = make_network([0])
        alive, dead = make_clients(2)
        with network.under():
            outcomes = list(send_to_all([alive, dead, alive, dead], "bump"))
        self.assertEqual(
            [one for client, one in outcomes if client is alive], [[1], [2]]
        )
        silent = [one for client, one in outcomes if client is dead]
        self.assertEqual([type(one) for one in silent], [NoReply] * 2)
        # They share the time.
        self.assertAlmostEqual(network.time, 5005.0, 2)

    def test_other_calls_in_between(self):
        """The caller may use a client as soon as it has its outcome, but not before."""
        network = make_network(range(3))
        network.delays[name_address(2)] = 0.2
        with network.under():
            clients = make_clients(3)
            outcomes = send_to_all(clients, "bump")
            self.assertEqual([next(outcomes)[1], next(outcomes)[1]], [[1], [1]])
            self.assertEqual(clients[0].send("bump"), [2])
            with self.assertRaisesRegex(NoReply, "in the middle of another call"):
                clients[2].send("bump")
            inner = dict(send_to_all(clients[1:], "bump"))
            self.assertEqual(inner[clients[1]], [2])
            self.assertRegex(str(inner[clients[2]]), "in the middle of another call")
            self.assertEqual(list(outcomes), [(clients[2], [1])])
            self.assertEqual(clients[2].send("bump"), [2])

    def test_leaving_early_leaves_the_clients_usable(self):
        network = make_network(range(100))
        clients = make_clients(100)
        with network.under():
            outcomes = send_to_all(clients, "bump")
            next(outcomes)
            outcomes.close()
            for client in clients:
                self.assertIn(client.send("bump")[0], (1, 2))

    def test_a_device_that_floods_keeps_nobody_waiting(self):
        network = make_network(range(10))
        flooder = network.devices[name_address(0)]
        flooder.handle = lambda datagram, now: [b"junk"] * 5000
        with network.under():
            outcomes, spent = self.ask(network, make_clients(10))
        self.assertEqual([one for _, one in outcomes[:9]], [["on"]] * 9)
        self.assertRegex(str(outcomes[9][1]), "what came instead: ")
        self.assertAlmostEqual(spent, 5.0, 2)

    def test_a_socket_that_another_thread_closes(self):
        network = make_network(range(3))
        clients = make_clients(3)
        with network.under():
            outcomes = send_to_all(clients, "bump")
            next(outcomes)
            for client in clients[1:]:
                client.close()
            for _, outcome in outcomes:
                self.assertRegex(str(outcome), "the client was closed")

    def test_without_poll(self):
        """Select cannot watch sockets with large numbers, so they are looked at."""

        def refuse(*args):
            raise ValueError("filedescriptor out of range in select()")

        network = make_network(range(10))
        for choose in (network.choose, refuse):
            with network.under(select=choose), self.subTest(choose=choose):
                outcomes, spent = self.ask(network, make_clients(11))
                self.assertEqual(self.count(outcomes, list), 10)
                self.assertAlmostEqual(spent, 5.0, 1)

    def test_the_child_of_a_fork_takes_no_answer_of_its_parent(self):
        network = make_network(range(3))
        with network.under():
            outcomes = send_to_all(make_clients(3), "bump")
            next(outcomes)
            with mock.patch("os.getpid", return_value=0):
                self.assertRaisesRegex(RuntimeError, "process that", next, outcomes)

    def test_nobody_to_call(self):
        self.assertEqual(list(send_to_all([], "toggle")), [])


def bump_until(limit):
    """Bump a counter up to a limit; return how the device answered."""
    answers = []
    while not answers or answers[-1] < limit:
        answers += yield Request({"method": "bump"}, None).begin
    return answers


class PlanTest(unittest.TestCase):
    def run_plans(self, network, plans, timeout=5.0):
        with network.under():
            return list(run_all(plans, timeout))

    def test_a_plan_reads_its_next_request_from_the_last_result(self):
        clients = make_clients(3)
        limits = (4, 1, 2)
        outcomes = self.run_plans(
            make_network(range(3)), zip(clients, map(bump_until, limits))
        )
        self.assertEqual(
            dict(outcomes),
            dict(zip(clients, ([1, 2, 3, 4], [1], [1, 2]))),
        )

    def test_errors_are_thrown_into_a_plan(self):
        def read(method):
            try:
                return (yield Request({"method": method}, None).begin)
            except DeviceError as error:
                again = yield Request({"method": "bump"}, None).begin
                return error.code, again

        client, dead = make_clients(2)
        outcomes = self.run_plans(
            make_network([0]), [(client, read("no_such")), (dead, read("bump"))]
        )
        self.assertEqual(outcomes[0], (client, (-10000, [1])))
        self.assertIs(outcomes[1][0], dead)
        self.assertIsInstance(outcomes[1][1], NoReply)

    def test_a_plan_may_wait_for_a_time(self):
        """The others go on, and the end of the call comes before that time."""
        network = make_network(range(3))
        start = network.now()

        def wait(seconds):
            yield start + seconds
            result = yield Request({"method": "bump"}, None).begin
            return result, round(network.now() - start)

        clients = make_clients(3)
        plans = zip(clients, (wait(2.0), wait(1.0), wait(9.0)))
        outcomes = self.run_plans(network, plans)
        self.assertEqual(outcomes[:2], [(clients[1], ([1], 1)), (clients[0], ([1], 2))])
        self.assertIn("the time was up", str(outcomes[2][1]))

    def test_a_plan_may_end_without_a_request(self):
        def decide(error):
            if error:
                raise error
            return "nothing to do"
            yield

        client = Client("192.0.2.1")
        error = TokenError("no token")
        for given, outcome in ((None, "nothing to do"), (error, error)):
            plans = [(client, decide(given))]
            self.assertEqual(list(run_all(plans)), [(client, outcome)])

    def test_a_plan_that_fails_in_another_way_ends_all(self):
        def fail():
            yield Request({"method": "bump"}, None).begin
            raise KeyError("a mistake of the plan")

        network = make_network(range(3))
        clients = make_clients(3)
        plans = [fail(), bump_until(3), bump_until(3)]
        with network.under():
            with self.assertRaises(KeyError):
                list(run_all(zip(clients, plans)))
            for client in clients:
                self.assertEqual(client.send("bump"), [2])

    def test_a_plan_is_closed_when_the_caller_leaves(self):
        closed = []

        def note_the_end():
            try:
                yield Request({"method": "bump"}, None).begin
            finally:
                closed.append(True)

        network = make_network([0])
        clients = make_clients(2)
        with network.under():
            outcomes = run_all(
                [(clients[0], bump_until(1)), (clients[1], note_the_end())]
            )
            next(outcomes)
            outcomes.close()
        self.assertEqual(closed, [True])

    def test_a_plan_has_one_deadline(self):
        network = make_network([0])
        outcomes = self.run_plans(network, [(make_clients(1)[0], bump_until(99))], 1.01)
        self.assertRegex(str(outcomes[0][1]), "the time was up|no answer")
        self.assertAlmostEqual(network.time, 5001.01, 2)

    def test_mistakes_are_reported_before_anything_is_sent(self):
        client = Client("192.0.2.1")
        for mistake, arguments in (
            (TypeError, (["192.0.2.1"], "toggle")),
            (TypeError, ([client], 5)),
            (TypeError, ([client], "toggle", 5)),
        ):
            self.assertRaises(mistake, send_to_all, *arguments)
        self.assertRaises(ValueError, send_to_all, [client], "toggle", timeout=0)
        self.assertRaises(ValueError, send_to_all, [client], "toggle", retry="often")


class NamesTest(unittest.TestCase):
    def test_silent_name_servers_do_not_add_up(self):
        over = threading.Event()

        def look_up(*args):
            over.wait()
            raise OSError(0, "too late")

        clients = [Client("lamp%d.invalid" % n, TOKEN) for n in range(10)]
        with Simulator(fan(TOKEN)) as simulator, system(getaddrinfo=look_up):
            with Client("127.0.0.1", TOKEN, port=simulator.port) as known:
                outcomes = list(
                    send_to_all(clients + [known], "get_prop", ["power"], timeout=0.2)
                )
        over.set()
        self.assertEqual(outcomes[0], (known, ["on"]))
        for _, error in outcomes[1:]:
            self.assertRegex(str(error), "no answer from the name server")
            self.assertFalse(error.sent)

    def test_names_are_looked_up_at_the_same_time(self):
        together = threading.Barrier(10, timeout=20)

        def look_up(*args):
            together.wait()
            return [(0, 0, 0, "", ("127.0.0.1", 0))]

        with Simulator(fan(TOKEN)) as simulator, system(getaddrinfo=look_up):
            clients = [
                Client("lamp%d" % n, TOKEN, port=simulator.port, bind="127.0.0.1")
                for n in range(10)
            ]
            outcomes = list(send_to_all(clients, "get_prop", ["power"], timeout=20))
            for client in clients:
                client.close()
        self.assertEqual([one for _, one in outcomes], [["on"]] * 10)


class RealTest(unittest.TestCase):
    def setUp(self):
        self.device = counting_fan(TOKEN)
        simulator = Simulator(self.device)
        simulator.__enter__()
        self.addCleanup(simulator.__exit__)
        self.port = simulator.port

    def connect(self, token=TOKEN, port=None, **options):
        client = Client("127.0.0.1", token, port=port or self.port, **options)
        self.addCleanup(client.close)
        return client

    def test_every_failure_has_its_own_error(self):
        used, new = self.connect(), self.connect()
        wrong = self.connect(OTHER_TOKEN)
        closed = self.connect(port=CLOSED_PORT)
        bound = self.connect(bind="192.0.2.77")
        used.info()
        clients = [used, new, wrong, closed, bound]
        outcomes = dict(send_to_all(clients, "get_prop", ["power"], timeout=0.3))
        self.assertEqual((outcomes[used], outcomes[new]), (["on"], ["on"]))
        self.assertRegex(str(outcomes[wrong]), "the given token is probably wrong")
        self.assertRegex(str(outcomes[closed]), "the port is closed")
        self.assertRegex(str(outcomes[bound]), "cannot send from 192.0.2.77")
        self.assertEqual(used.send("get_prop", ["power"]), ["on"])

    def test_select_does_what_poll_does(self):
        lacking = types.SimpleNamespace(select=select.select)
        clients = [self.connect() for _ in range(5)]
        with mock.patch.dict(sys.modules, select=lacking):
            outcomes = list(send_to_all(clients, "get_prop", ["power"]))
        self.assertEqual([one for _, one in outcomes], [["on"]] * 5)

    def test_a_client_that_another_thread_uses(self):
        """It is waited for, but no longer than there is time."""
        busy, done = threading.Event(), threading.Event()

        def hold(event, datagram, address):
            if threading.current_thread() is thread and event == "received":
                busy.set()
                done.wait()

        client, other = self.connect(trace=hold), self.connect()
        thread = threading.Thread(target=client.info)
        thread.start()
        busy.wait()
        outcomes = list(send_to_all([client, other], "bump", timeout=0.1))
        self.assertEqual(outcomes[0], (other, [1]))
        self.assertRegex(str(outcomes[1][1]), "other threads' calls took all")
        self.assertFalse(outcomes[1][1].sent)
        rest = send_to_all([client, other], "bump", timeout=20)
        self.assertEqual(next(rest), (other, [2]))
        done.set()
        self.assertEqual(list(rest), [(client, [3])])
        thread.join()

    def test_outcomes_may_be_asked_for_by_several_threads(self):
        clients = [self.connect() for _ in range(5)]
        outcomes = send_to_all(clients, "bump")
        found = []
        for _ in clients:
            thread = threading.Thread(target=lambda: found.append(next(outcomes)))
            thread.start()
            thread.join()
        self.assertEqual(sorted(one for _, one in found), [[n] for n in range(1, 6)])
        for client in clients:
            client.info()

    def test_threads_may_use_the_clients_at_the_same_time(self):
        clients = [self.connect(timeout=30) for _ in range(5)]
        wrong = []

        def work(name):
            for number in range(20):
                for _, answer in send_to_all(clients, "echo", [name], timeout=30):
                    if answer != [name]:
                        wrong.append(answer)
                if clients[0].send("echo", [name, number]) != [name, number]:
                    wrong.append(number)

        threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])


@unittest.skipIf(sys.implementation.name != "cpython", "needs CPython")
class InterruptTest(unittest.TestCase):
    FILES = ("client.py", "together.py")

    def check(self, work, least):
        """Interrupt work at each step; afterwards each client must be usable."""
        network = make_network(range(3))
        network.delays[name_address(2)] = 0.2
        step = 1
        with network.under():
            clients = make_clients(3)
            while interrupt(
                lambda: work(clients), step, *self.FILES, has_opcodes=False
            ):
                for client in clients:
                    self.assertEqual(client.send("echo"), [], "step %d" % step)
                step += 1
        self.assertGreater(step, least)

    def test_ctrl_c_anywhere_leaves_all_clients_usable(self):
        self.check(lambda clients: list(send_to_all(clients, "echo")), 300)

    def test_so_does_ctrl_c_while_the_caller_leaves(self):
        def leave(clients):
            outcomes = send_to_all(clients, "echo")
            next(outcomes)
            outcomes.close()

        self.check(leave, 200)
