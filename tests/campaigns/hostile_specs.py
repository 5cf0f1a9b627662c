# SPDX-License-Identifier: MIT
"""Spec files that are made to cost much time or memory.

    python3 -m tests.campaigns.hostile_specs [NAME ...]

Each file of 4 MB is read, and used, in a process of its own. The limits are those of
`hostile`.
"""

import random
import sys

from ..support import specs

from .hostile import main, one_file

MAX_FILE = 4 << 20  # bytes
WORK = """
from miio_pure.miot import Spec
from miio_pure.simulator import from_spec

def work(path):
    spec = Spec.load(path)
    from_spec(spec, bytes(16))
    said = "%d properties, %d actions" % (len(spec.properties), len(spec.actions))
    for one in spec.properties[:9]:
        said += ask(one.check, []) + ask(one.values.name, "x")
    for one in spec.actions[:9]:
        said += ask(one.check, [])
    said += ask(spec.property, "z" * 100) + ask(spec.action, "on")
    assert len(said) < 99999, "a message is too long"
    return said

def ask(work, argument):
    try:
        work(argument)
    except ValueError as error:
        return ", " + str(error)
    return ""
"""
ONE = '{"iid":1,"type":"urn:a:property:on:1","format":"uint8"%s}'
FILE = '{"type":"urn:a:device:x:1:a-b:1","services":[%s]}'
SERVICE = '{"iid":2,"type":"urn:a:service:s:1","properties":[%s],"actions":[%s]}'
ACTION = '{"iid":1,"type":"urn:a:action:on:1","in":[%s],"out":[%s]}'


def fill(text, piece):
    """Put as many pieces as fit into the place of the %s, with commas between them."""
    head, tail = text.split("%s")
    count = (MAX_FILE - len(text)) // (len(piece) + 1)
    return (head + ",".join([piece] * count) + tail).encode()


def in_property(members):
    return FILE % SERVICE % (ONE % members, "")


def in_action(inputs, outputs):
    return FILE % SERVICE % (ONE % "", ACTION % (inputs, outputs))


def name_at_random():
    """Return a spec whose names differ as much, and are as long, as they can be."""
    names = ["%x" % random.getrandbits(390) for _ in range(9990)]
    properties = [
        specs.make_property(i, name, "uint8", specs.SET)
        for i, name in enumerate(names, 1)
    ]
    return specs.make_root("x", specs.make_service(2, "x", properties))


def list_strangers(count):
    """Return a spec whose actions take arguments that no service lists."""
    actions = [
        specs.make_action(i, "on", range(i * 100, i * 100 + 100))
        for i in range(1, count)
    ]
    return specs.make_root("x", specs.make_service(2, "x", [], actions))


def make_same(count):
    properties = [
        specs.make_property(i, "on", "bool", specs.SET) for i in range(1, count)
    ]
    return specs.make_root("x", specs.make_service(2, "x", properties))


# fmt: off
ATTACKS = {
    "deep lists": one_file(lambda: b"[" * MAX_FILE),
    "deep objects": one_file(lambda: b'{"a":' * 190000),
    "an integer": one_file(lambda: b'{"services":%s}' % (b"9" * (MAX_FILE - 20))),
    "a fraction": one_file(lambda: b'{"services":0.%s}' % (b"9" * (MAX_FILE - 20))),
    "many lists": one_file(lambda: fill('{"services":[%s]}', "[]")),
    "many objects": one_file(lambda: fill('{"x":[%s],"services":[]}', "{}")),
    "many numbers": one_file(lambda: fill('{"x":[%s],"services":[]}', "0.1")),
    "many texts": one_file(lambda: fill('{"x":[%s],"services":[]}', '"ab"')),
    "many names": one_file(lambda: b"{%s}" % b",".join(
        b'"%x":0' % i for i in range(420000))),
    "an escaped text": one_file(lambda: b'{"type":"%s"}' % (b"\\u0041" * 690000)),
    "many services": one_file(lambda: fill(FILE, '{"iid":2,"type":"a:b:c:d"}')),
    "a long URN": one_file(lambda: fill(
        FILE.replace("a-b", "%s") % ("%s", ""), "n")),
    "a long name": one_file(lambda: (in_property("").replace(
        ":on:", ":" + "n" * (MAX_FILE - 400) + ":")).encode()),
    "a long unit": one_file(lambda: in_property(
        ',"access":["write"],"unit":"%s"' % ("n" * (MAX_FILE - 400))).encode()),
    "many choices": one_file(lambda: fill(
        in_property(',"value-list":[%s]'), '{"value":1}')),
    "much access": one_file(lambda: fill(in_property(',"access":[%s]'), '"ab"')),
    "a long range": one_file(lambda: fill(in_property(',"value-range":[%s]'), "1")),
    "many inputs": one_file(lambda: fill(in_action("%s", ""), "1")),
    "many strange outputs": one_file(lambda: fill(in_action("", "%s"), "9")),
    "9,900 strange inputs": one_file(lambda: specs.encode(list_strangers(100))),
    "10,003 properties": one_file(lambda: specs.encode(specs.make_wide(10000))),
    "9,990 names, all different": one_file(lambda: specs.encode(name_at_random())),
    "9,990 names, all the same": one_file(lambda: specs.encode(make_same(9990))),
}
# fmt: on


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:], attacks=ATTACKS, work=WORK))
