# SPDX-License-Identifier: MIT
"""MIoT: client and simulated device judge alike; damaged specs and replies do no harm.

    python3 -m tests.campaigns.specs [COUNT [SEED]]

COUNT random specs whose properties and actions are tried with random values, COUNT
mutated spec files, and COUNT talks with a device whose replies are spoiled.

What Miot.set() and run() let through is what the device takes, but for conversions, as
the client is there for people and the device is not: the client sends the value that
belongs to a description, and 2 for 2.0 where the format has whole numbers.
"""

import random
import sys

from miio_pure import DeviceError, MiioError, payload
from miio_pure.miot import Miot, Spec
from miio_pure.miot.values import same
from miio_pure.simulator import from_spec
from miio_pure.simulator.faults import FAULTS

from ..support import TOKEN, specs
from ..support.wire import MemoryClient, Wire

from .fuzz import mutated

SCALARS = (bool, int, float, str)
PIECES = (
    b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\u0000", b"null", b"true", b"-1", b"0",
    b"1e99", b"1e-320", b"9" * 25, b"9" * 500, b"0.5", b'"in":', b'"iid":1,', b"[]",
    b'"value-range":', b'"value-list":[{"value":', b'"access":', b'"format":"float",',
    b'"format":"uint8",', b"\xff", b"\xe2\x80\xae", b"urn:a:b:c:d", b"{}",
)  # fmt: skip
WAYS = [name for name in FAULTS if "N" in name]


class Broken(AssertionError):
    """A rule does not hold."""


def check(holds, rule, *facts):
    if not holds:
        raise Broken("%s: %r" % (rule, facts))


def connect(spec, **options):
    """Return a simulated device that speaks a spec, and a Miot that talks to it."""
    device = from_spec(spec, TOKEN, **options)
    client = MemoryClient(Wire(device))
    client.handshake()
    return device, Miot(client, spec)


def agree(seed):
    """Try each property and action of a random spec; return how many values."""
    draw = random.Random(seed)
    spec = specs.parse(specs.draw_root(draw))
    device, miot = connect(spec)
    count = 0
    for one in spec.properties:
        for _ in range(6):
            try_property(device, miot, one, specs.draw_value(draw, one.values))
            count += 1
    for action in spec.actions:
        for _ in range(4):
            values = [specs.draw_value(draw, one.values) for one in action.inputs]
            if draw.random() < 0.2:
                values = values[1:] or [1]
            try_action(device, miot, action, values)
            count += 1
    return count


def try_property(device, miot, one, value):
    """What the client lets through is set; what it refuses, the device refuses."""
    key = one.siid, one.piid
    before = device.properties[key]
    if is_unknown(one, value):
        return
    try:
        miot.set({one: value})
    except ValueError:
        sent = None
    except DeviceError as error:
        raise Broken("the device refuses what the client accepts", one, value, error)
    else:
        sent = one.check(value)
        check(same(device.properties[key], sent), "it is set", one, value)
        if "read" in one.access:
            got = miot.get(one)[one.handle]
            check(same(got, sent), "it is read again", one, value)
    if sent is None or type(sent) is not type(value) or sent != value:
        item = {"did": miot.did, "siid": one.siid, "piid": one.piid, "value": value}
        before = device.properties[key]
        (answer,) = miot.client.send("set_properties", [item])
        check(answer["code"] < 0, "the device refuses it, too", one, value)
        check(same(device.properties[key], before), "nothing is set", one, value)


def try_action(device, miot, action, values):
    if any(map(is_unknown, action.inputs, values)):
        return
    try:
        results = miot.run(action, *values)
    except ValueError:
        given = [
            {"piid": one.piid, "value": value}
            for one, value in zip(action.inputs, values)
        ]
        if len(values) > len(given):
            given.append({"piid": 77, "value": 1})
        params = {"siid": action.siid, "aiid": action.aiid, "in": given}
        answer = miot.client.send("action", params)
        check(answer["code"] < 0, "the device refuses it, too", action, values)
    else:
        check(len(results) == len(action.outputs), "all outputs come", action, results)


def is_unknown(one, value):
    """Tell whether only a device can judge a value: nobody described the format."""
    return one.values.format == "tlv8" and type(value) not in SCALARS


def fuzz_file(draw, data):
    """Read a mutated spec file; what comes out of it can be used."""
    try:
        spec = Spec.parse(mutated(data, draw, PIECES))
    except MiioError as error:
        check(len(str(error)) < 300, "the message is short", error)
        return
    device = from_spec(spec, TOKEN)
    payload.dump(list(device.properties.values()))
    for one in spec.properties:
        value = specs.draw_value(draw, one.values)
        for work, arguments in (
            (spec.property, (one.handle,)),
            (spec.property, (one.name,)),
            (one.check, (value,)),
            (one.require, ("write",)),
        ):
            expect_value_error(work, *arguments)
        device.write((one.siid, one.piid), value)
    for action in spec.actions:
        expect_value_error(spec.action, action.label)
        expect_value_error(action.check, [1] * len(action.inputs))
        given = [{"piid": one.piid, "value": 1} for one in action.inputs]
        params = {"siid": action.siid, "aiid": action.aiid, "in": given}
        payload.dump(device.methods["action"](params))


def expect_value_error(work, *arguments):
    try:
        work(*arguments)
    except ValueError as error:
        check(len(str(error)) < 6000, "the message is short", error)


class Spoiler:
    """Stands in a device's methods, and spoils the answers of some of its requests.

    Never so that a right client could take something else for the truth: what is added
    is wrong in itself, or contradicts what is there.
    """

    def __init__(self, draw, device):
        self.draw = draw
        self.refused = set()
        for name in ("get_properties", "set_properties", "action"):
            device.methods[name] = self.wrap(device.methods[name])
        judge = device.judge_write
        device.judge_write = lambda key, value: (
            -4005 if key in self.refused else judge(key, value)
        )

    def wrap(self, method):
        def answer(params):
            result = method(params)
            return result if self.draw.random() < 0.3 else self.spoil(result)

        return answer

    def spoil(self, result):
        draw = self.draw
        way = draw.randrange(6)
        if way == 0:
            raise DeviceError(draw.choice((-9999, -30001, -32602, -4003, 0, 7)), "no")
        if way == 1:
            return draw.choice(
                (None, True, -1, 1.5, "no", {}, [], [[]], [None], {"a": 1})
            )
        items = [dict(item) for item in (result if type(result) is list else [result])]
        if way == 2:
            draw.shuffle(items)
            return items + [draw.choice(([], 1, None, {}, {"code": 0, "value": 5}))]
        if way == 3:
            return items + [self.contradict(draw.choice(items))]
        for item in draw.sample(items, draw.randrange(len(items) + 1)):
            self.damage(item)
        return items if type(result) is list or draw.random() < 0.5 else items[0]

    def contradict(self, item):
        other = dict(item, code=self.draw.choice((0, -4003, 1)), did="7")
        other["value"] = self.draw.choice((-5, None, "x", [5]))
        return other

    def damage(self, item):
        draw = self.draw
        way = draw.randrange(6)
        if way == 0:
            item["code"] = draw.choice(("0", None, True, 0.0, [], "ok"))
        elif way == 1:
            item["siid"] = draw.choice((99, "2", None, 2.0, True, [2]))
        elif way == 2:
            item.pop("value", None)
        elif way == 3:
            item.pop("did", None)
        elif way == 4:
            item["code"] = draw.choice((-4001, -4004, -704042011, -1))
        else:
            item.pop("piid", None)


def fuzz_replies(seed):
    """Talk to a device whose answers are spoiled: nothing wrong is taken for right."""
    draw = random.Random(seed)
    spec = specs.parse(specs.make_wide(draw.randrange(1, 40)))
    device, miot = connect(spec)
    spoiler = Spoiler(draw, device)
    if draw.random() < 0.3:
        device.faults.add(draw.choice(WAYS).replace("N", str(draw.randrange(1, 9))))
    for one in spec.readable():
        device.properties[2, one.piid] = draw.randrange(65536)
    some = draw.sample(spec.readable(), draw.randrange(1, len(spec.readable()) + 1))
    for outcome in quietly(miot.read, *some):
        truth = device.properties[2, outcome.piid]
        is_true = outcome.is_done and outcome.value == truth
        check(is_true or not outcome.is_done, "what was read is true", seed, outcome)
        check(outcome.is_done or outcome.value is None, "or nothing", seed, outcome)
    spoiler.refused = {(2, one.piid) for one in some if draw.random() < 0.3}
    wanted = {one: draw.randrange(65536) for one in some}
    for outcome in quietly(miot.write, wanted):
        is_set = device.properties[2, outcome.piid] == outcome.value
        check(is_set or not outcome.is_done, "what is done was set", seed, outcome)


def quietly(work, *arguments):
    """Call it; a MiioError is as good as outcomes."""
    try:
        return work(*arguments)
    except MiioError as error:
        str(error)
        return []


def check_limits(seed):
    """Whatever the way of a device to refuse large batches, all is read in the end."""
    draw = random.Random(seed)
    spec = specs.parse(specs.make_wide(draw.randrange(1, 60)))
    device, miot = connect(spec)
    most = draw.randrange(1, 20)
    device.faults.add(draw.choice(WAYS).replace("N", str(most)))
    for _ in range(2):
        for outcome in miot.status():
            truth = device.properties[2, outcome.piid]
            check(outcome.code == 0 and outcome.value == truth, "all is read", seed)


def run(count, seed):
    """Do all of it so many times; an exception that gets out is a failure."""
    samples = [
        specs.encode(make())
        for make in (specs.make_fan, specs.make_lamp, specs.make_conditioner)
    ]
    values = 0
    for number in range(seed, seed + count):
        draw = random.Random(number)
        try:
            values += agree(number)
            fuzz_file(
                draw, draw.choice(samples + [specs.encode(specs.draw_root(draw))])
            )
            fuzz_replies(number)
            if number % 8 == 0:
                check_limits(number)
        except Exception:
            print("failed with seed %d" % number)
            raise
    print(
        "%d specs with %d values, as many damaged ones and spoiled talks: all held"
        % (count, values)
    )


if __name__ == "__main__":
    amount = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    first = (
        int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().getrandbits(48)
    )
    print("seed %d" % first, flush=True)
    run(amount, first)
