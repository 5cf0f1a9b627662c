# SPDX-License-Identifier: MIT
"""Spec files: three samples, random ones, and random values for their properties."""

import json

from miio_pure.miot import Spec

READ, SET = ["read", "notify"], ["read", "write", "notify"]
FORMATS = (
    "bool uint8 uint16 uint32 uint64 int8 int16 int32 int64 float string hex tlv8"
).split()
WHOLE = [name for name in FORMATS if "int" in name]
ACCESSES = (SET, SET, SET, READ, ["read"], ["read", "write"], ["write"], ["notify"], [])
NAMES = ("on", "mode", "fan-level", "brightness", "status", "fault", "text", "toggle")
# Of a wrong type, or not what it looks like.
ODD_VALUES = (
    None, True, False, 0, 1, -1, 2.0, 0.5, 1e-9, 1e300, -1e300, 1 << 64, "", "1", "on",
    "true", "0f", "zz", [], [1], {}, {"value": 1}, "x" * 900, "\u0434\u043e\u043c",
)  # fmt: skip


def urn(kind, name, namespace="miot-spec-v2"):
    return "urn:%s:%s:%s:00000001:acme-x1:1" % (namespace, kind, name)


def make_property(piid, name, format, access, **more):
    """Return a property; more: unit, limits and choices."""
    fields = {"iid": piid, "type": urn("property", name), "description": ""}
    fields.update(format=format, access=access)
    if "unit" in more:
        fields["unit"] = more["unit"]
    if "limits" in more:
        fields["value-range"] = list(more["limits"])
    if "choices" in more:
        fields["value-list"] = [
            {"value": value, "description": text} for value, text in more["choices"]
        ]
    return fields


def make_action(aiid, name, inputs=(), outputs=()):
    fields = {"iid": aiid, "type": urn("action", name), "description": name.title()}
    fields.update({"in": list(inputs), "out": list(outputs)})
    return fields


def make_service(siid, name, properties, actions=()):
    fields = {"iid": siid, "type": urn("service", name), "description": name.title()}
    return dict(fields, properties=list(properties), actions=list(actions))


def make_root(name, *services):
    """Return a whole spec as a spec file has it; services without information."""
    information = make_service(
        1,
        "device-information",
        [
            make_property(1, "manufacturer", "string", ["read"]),
            make_property(2, "model", "string", ["read"]),
            make_property(3, "serial-number", "string", ["read"]),
        ],
    )
    fields = {"type": urn("device", name), "description": name.title()}
    return dict(fields, services=[information] + list(services))


def encode(root):
    """Return the bytes of a spec file."""
    return json.dumps(root).encode()


def parse(root):
    return Spec.parse(encode(root))


def make_fan():
    """Return a spec with one of each: what is odd about it has been seen in real ones.

    A name occurs in two services, a service has a namespace of its own, some entries
    can only be set or belong to an action, `in` is null.
    """
    own = make_service(
        3,
        "custom",
        [
            make_property(1, "fan-level", "uint32", ["write"]),
            make_property(2, "text", "string", []),
            make_property(3, "click", "uint8", ["notify"]),
        ],
        [make_action(1, "say", [2], [2])],
    )
    own["type"] = urn("service", "custom", "acme-spec")
    own["events"] = [{"iid": 1, "type": urn("event", "click"), "arguments": []}]
    toggle = dict(make_action(1, "toggle"), **{"in": None})
    del toggle["out"]
    fan = make_service(
        2,
        "fan",
        [
            make_property(1, "on", "bool", SET),
            make_property(
                2, "fan-level", "uint8", SET, choices=[(1, "Level1"), (2, "Level 2")]
            ),
            make_property(
                6, "status", "uint8", READ, unit="percentage", limits=(1, 100, 1)
            ),
            make_property(
                7,
                "target-temperature",
                "float",
                ["read", "write"],
                unit="celsius",
                limits=(16.0, 30.0, 0.5),
            ),
        ],
        [toggle, make_action(2, "set-level", [2, 7], [6])],
    )
    return make_root("fan", fan, own)


def make_lamp():
    """Return a spec in which each name is unique."""
    properties = [
        make_property(1, "on", "bool", SET),
        make_property(2, "mode", "uint8", SET, choices=[(0, "Day"), (1, "Night")]),
        make_property(
            3, "brightness", "uint8", SET, unit="percentage", limits=(1, 100, 1)
        ),
        make_property(4, "color", "uint32", SET, limits=(0, 16777215, 1)),
    ]
    actions = [make_action(1, "toggle"), make_action(2, "set-brightness", [3])]
    return make_root("light", make_service(2, "light", properties, actions))


def make_conditioner():
    """Return a spec whose service has `on` three times, as a real air conditioner's."""
    properties = [
        make_property(piid, name, "bool", SET)
        for piid, name in ((1, "uv"), (3, "on"), (9, "on"), (10, "on"))
    ]
    return make_root("air-conditioner", make_service(2, "air-conditioner", properties))


def make_wide(count):
    """Return a spec with so many properties that can be read and set."""
    properties = [
        make_property(i, "value-%d" % i, "uint16", SET) for i in range(1, count + 1)
    ]
    return make_root("meter", make_service(2, "meter", properties))


def draw_root(draw):
    """Return a random spec; draw: a random.Random."""
    services = []
    for siid in range(2, 2 + draw.randrange(1, 4)):
        properties = [
            draw_property(draw, piid) for piid in range(1, draw.randrange(2, 12))
        ]
        piids = [one["iid"] for one in properties]
        actions = [
            make_action(
                aiid,
                draw.choice(NAMES),
                draw.sample(piids, draw.randrange(min(4, len(piids) + 1))),
                draw.sample(piids, draw.randrange(min(3, len(piids) + 1))),
            )
            for aiid in range(1, draw.randrange(1, 4))
        ]
        services.append(make_service(siid, draw.choice(NAMES), properties, actions))
    return make_root("thing", *services)


def draw_property(draw, piid):
    format, more = draw.choice(FORMATS), {}
    if format in WHOLE and draw.random() < 0.6:
        more["limits"] = draw_limits(draw)
    elif format == "float" and draw.random() < 0.8:
        more["limits"] = draw.choice((draw_limits, draw_float_limits))(draw)
    elif format in WHOLE and draw.random() < 0.7:
        values = draw.sample(range(-3, 12), draw.randrange(1, 6))
        more["choices"] = [
            (value, draw.choice(("", "Level%d" % value, "Auto", "\u81ea\u52a8")))
            for value in values
        ]
    return make_property(
        piid, draw.choice(NAMES), format, draw.choice(ACCESSES), **more
    )


def draw_limits(draw):
    """Return least, most and step; whole numbers may be written as floats."""
    least, step = draw.randrange(-50, 50), draw.choice((1, 1, 1, 2, 5, 10, 0))
    kind = draw.choice((int, int, int, float))
    return kind(least), kind(least + draw.randrange(300)), kind(step)


def draw_float_limits(draw):
    least, step = draw.choice((0.0, 16.0, -10.5)), draw.choice((0.1, 0.5, 1.0, 0.01))
    return least, least + draw.randrange(1, 400) * step, step


def draw_value(draw, values):
    """Return a random value for a property: right, wrong, or right at the border."""
    if draw.random() < 0.25:
        return draw.choice(ODD_VALUES)
    if values.choices:
        value, text = draw.choice(values.choices)
        return draw.choice((value, text, text.upper(), float(value), str(value)))
    if values.limits is not None:
        least, most, step = values.limits
        step = step or 1
        count = int((most - least) // step)
        value = least + step * draw.choice((0, count, draw.randrange(count + 1)))
        value += draw.choice((0, 0, 0, 0, -step, step, step / 2, step / 3))
        if draw.random() < 0.5 and value == int(value):
            value = draw.choice((int, float))(value)
        return value
    right = {"float": (0, -1.5, 1e9), "hex": ("00ff", "", "F"), "string": ("a", "")}
    return draw.choice(right.get(values.format, (True, False)))
