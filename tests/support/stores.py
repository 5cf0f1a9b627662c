# SPDX-License-Identifier: MIT
"""Writes devices as other programs do, each in its own form."""

import gzip
import json

from .backups import tar

# Names that a careless reader of lines would take for something else.
NAMES = (
    "Lamp",
    "Schlafzimmer-Lüfter 7",
    "客厅灯",
    "Робот",
    "Lamp #2",
    "Kitchen: lamp",
    "TV (living room)",
    "a=b",
    "Tom's lamp",
    "192.168.1.9",
    "x" * 60,
)
# Two devices, and what a text has to tell of them at least.
ONE = "0123456789abcdef0123456789abcdef"
TWO = "fedcba9876543210fedcba9876543210"
FIRST = {"address": "192.168.1.5", "token": ONE}
SECOND = {"address": "192.168.1.6", "token": TWO}
MODELS = ("yeelink.light.lamp4", "roborock.vacuum.s5", "zhimi.airpurifier.mb4")
# How a terminal shows a text in green.
GREEN, PLAIN = "\x1b[32m", "\x1b[0m"


def make_device(rng):
    """Return a device by chance."""
    return {
        "name": rng.choice(NAMES),
        "model": rng.choice(MODELS),
        "address": "192.168.%d.%d" % (rng.randrange(256), rng.randrange(1, 255)),
        "mac": ":".join("%02X" % rng.randrange(256) for _ in range(6)),
        "device_id": str(rng.randrange(10000000, 1 << 32)),
        "token": "%032x" % rng.getrandbits(128),
    }


def only(device, *fields):
    return {field: device[field] for field in fields}


def drop_some(rng, device, *fields):
    """Return a device that lacks some of these fields by chance."""
    left = [field for field in fields if rng.random() < 0.3]
    return {field: value for field, value in device.items() if field not in left}


def write_extractor(rng, devices):
    """Write what Xiaomi-cloud-tokens-extractor prints."""
    labels = {"name": "NAME", "device_id": "ID", "mac": "MAC", "address": "IP"}
    labels.update(token="TOKEN", model="MODEL")
    lines = ['Devices found for server "de" @ home "1":', "   ---------"]
    told = [drop_some(rng, one, "name", "mac", "address", "model") for one in devices]
    for device in told:
        for field, label in labels.items():
            if field in device:
                lines.append("   %s%s" % ((label + ":").ljust(10), device[field]))
            if field == "device_id" and rng.random() < 0.2:
                lines.append("   BLE KEY:  %032x" % rng.getrandbits(128))
        lines.append("   ---------")
        if rng.random() < 0.3:
            lines += ["   NAME:     Thermometer", "   ID:       blt.3.%d" % len(lines)]
            lines += ["   TOKEN:    %024x" % rng.getrandbits(96), "   ---------"]
    if rng.random() < 0.3:
        lines = [GREEN + line + PLAIN for line in lines]
    return lines, told


def write_cloud_list(rng, devices):
    """Write python-miio's cloud list."""
    lines = []
    for device in devices:
        lines.append("== %(name)s (Device online ) ==" % device)
        lines.append("\tModel: %(model)s" % device)
        lines.append("\tToken: %(token)s" % device)
        lines.append("\tIP: %(address)s (mac: %(mac)s)" % device)
        lines.append("\tDID: %(device_id)s" % device)
        lines.append("\tLocale: de")
        if rng.random() < 0.3:
            lines += [
                "\tSub devices:",
                "\t\tDoor",
                "\t\t\tDID: lumi.1",
                "\t\t\tModel: x",
            ]
        lines += ["\tOther fields:", "\t\tuid: 5", "\t\tpd_id: 7"]
    return lines, devices


def write_extract_tokens(rng, devices):
    """Write what miio-extract-tokens prints."""
    lines = []
    for device in devices:
        lines.append("%(name)s" % device)
        lines.append("\tModel: %(model)s" % device)
        lines.append("\tIP address: %(address)s" % device)
        lines.append("\tToken: %(token)s" % device)
        lines.append("\tMAC: %(mac)s" % device)
    fields = ("name", "model", "address", "token", "mac")
    return lines, [only(device, *fields) for device in devices]


def quote_yaml(rng, text):
    if rng.random() < 0.5:
        return json.dumps(text, ensure_ascii=rng.random() < 0.5)
    if "'" not in text and rng.random() < 0.5 or ": " in text or " #" in text:
        return "'%s'" % text.replace("'", "")
    return text


def write_yaml(rng, devices):
    """Write the YAML of Home Assistant, with other integrations between."""
    lines, told = [], []
    for device in devices:
        told.append(
            drop_some(
                rng, only(device, "name", "model", "address", "token"), "name", "model"
            )
        )
        lines.append("%s:" % rng.choice(("vacuum", "fan", "light")))
        fields = [("platform", "xiaomi_miio")]
        fields += [
            (rng.choice(("host", "ip")) if key == "address" else key, value)
            for key, value in told[-1].items()
        ]
        rng.shuffle(fields)
        dash = "  - "
        for key, value in fields:
            lines.append(dash + "%s: %s" % (key, quote_yaml(rng, value)))
            dash = "    "
            if rng.random() < 0.2:
                lines += rng.choice(
                    ([""], ["    # old: x"], ["    more:", "      a: b"])
                )
        if rng.random() < 0.5:
            lines += ["  - platform: other", "    host: 192.168.1.2"]
            lines += ["    token: %032x" % rng.getrandbits(128)]
    # A quote may have cost a name its own quotes.
    for device in told:
        if "name" in device and not any(
            quote_has(line, device["name"]) for line in lines
        ):
            device["name"] = device["name"].replace("'", "")
    return lines, told


def quote_has(line, name):
    key, _, value = line.strip(" -").partition(": ")
    if key != "name":
        return False
    if value.startswith('"'):
        return json.loads(value) == name
    return value.strip("'") == name


def write_miio2mqtt(rng, devices):
    lines, told = ["PollInterval: 10s", "Devices:"], []
    for number, device in enumerate(devices):
        key = "Device%d" % number
        lines.append("  %s:" % key)
        if rng.random() < 0.5:
            lines.append("    ID: 0x%08x" % int(device["device_id"]))
            told.append(dict(only(device, "device_id", "token"), name=key))
        else:
            lines.append("    Address: %(address)s" % device)
            told.append(dict(only(device, "address", "token"), name=key))
        lines.append("    Token: %(token)s" % device)
        lines.append("    Topic: home/%s" % key)
    return lines, told


def write_things(rng, devices):
    """Write a .things file of openHAB."""
    lines, told = [], []
    for device in devices:
        told.append(only(device, "name", "address", "token", "device_id", "model"))
        pairs = ['host="%(address)s"', 'token="%(token)s"']
        pairs += ['deviceId="%(device_id)s"', 'model="%(model)s"', "refresh=30"]
        rng.shuffle(pairs)
        pairs = [pair % device for pair in pairs]
        label = device["name"].replace('"', "")
        start = '%s miio:basic:x%d "%s" [' % (
            rng.choice(("Thing", "Bridge")),
            len(lines),
            label,
        )
        if rng.random() < 0.5:
            lines.append("%s %s ]" % (start, ", ".join(pairs)))
        else:
            lines += [start] + ["  %s," % pair for pair in pairs[:-1]]
            lines += ["  " + pairs[-1], "]"]
        if rng.random() < 0.3:
            lines.append('// token="%032x" ]' % rng.getrandbits(128))
            lines.append(
                'Thing hue:x:y [ host="192.168.1.3", token="%032x" ]'
                % rng.getrandbits(128)
            )
    return lines, told


def write_fhem(rng, devices):
    lines, told = ["attr global logfile x"], []
    for number, device in enumerate(devices):
        name = "vac%d" % number
        lines.append(
            "define %s XiaomiDevice VacuumCleaner %s %s"
            % (name, device["address"], device["token"])
        )
        lines.append("attr %s room Home" % name)
        told.append(dict(only(device, "address", "token"), name=name))
    return lines, told


def write_environment(rng, devices):
    lines = []
    for number, device in enumerate(devices):
        prefix = "ROOM%d_MIIO" % rng.getrandbits(40)
        export = rng.choice(("", "export "))
        quote = rng.choice(("", '"', "'"))
        for field, key in (("address", "IP"), ("token", "TOKEN")):
            value = quote + device[field] + quote
            lines.append("%s%s_%s=%s" % (export, prefix, key, value))
    rng.shuffle(lines)
    lines.append("OTHER_TOKEN=%032x" % rng.getrandbits(128))
    lines.append("OTHER_IP=192.168.1.7")
    return lines, [only(device, "address", "token") for device in devices]


def write_notes(rng, devices):
    """Write the notes of somebody who keeps to one order of lines."""
    sign = rng.choice((": ", "=", " = "))
    fields = ["name", "address", "token", "model", "device_id", "mac"]
    rng.shuffle(fields)
    keys = {"address": rng.choice(("ip", "IP", "host", "address")), "device_id": "did"}
    lines = [
        keys.get(field, field) + sign + device[field]
        for device in devices
        for field in fields
    ]
    return lines, devices


def write_as_json(rng, value):
    text = json.dumps(
        value, indent=rng.choice((None, 2)), ensure_ascii=rng.random() < 0.5
    )
    return text.split("\n")


def write_home_assistant(rng, devices):
    """Write the config entries of Home Assistant, one of them of another program."""
    entries = []
    for device in devices:
        data = {"host": device["address"], "token": device["token"]}
        data.update(model=device["model"], mac=device["mac"].lower())
        data["cloud_password"] = "%032x" % rng.getrandbits(128)
        entry = {"domain": "xiaomi_miio", "title": device["name"], "data": data}
        entries.append(entry)
    other = {"host": "192.168.1.4", "token": "%032x" % rng.getrandbits(128)}
    entries.insert(rng.randrange(len(entries)), {"domain": "other", "data": other})
    told = [only(one, "name", "model", "address", "mac", "token") for one in devices]
    return write_as_json(rng, {"data": {"entries": entries}}), told


def write_homebridge(rng, devices):
    """Write the settings of Homebridge."""
    keys = {"name": "name", "address": "ip", "token": "token", "device_id": "deviceId"}
    rows = [{key: one[field] for field, key in keys.items()} for one in devices]
    platforms = [{"name": "miot", "devices": rows}]
    value = {"bridge": {"name": "x", "pin": "1"}, "platforms": platforms}
    return write_as_json(rng, value), [only(one, *keys) for one in devices]


def write_openhab(rng, devices):
    """Write the JSONDB of openHAB."""
    keys = {"address": "host", "token": "token", "device_id": "deviceId"}
    keys["model"] = "model"
    things = {}
    for number, device in enumerate(devices):
        properties = {key: device[field] for field, key in keys.items()}
        value = {"label": device["name"], "configuration": {"properties": properties}}
        kind = "org.openhab.core.thing.internal.ThingImpl"
        things["miio:basic:%d" % number] = {"class": kind, "value": value}
    return write_as_json(rng, things), [only(one, "name", *keys) for one in devices]


WRITERS = (
    write_extractor,
    write_cloud_list,
    write_extract_tokens,
    write_yaml,
    write_miio2mqtt,
    write_things,
    write_fhem,
    write_environment,
    write_notes,
    write_home_assistant,
    write_homebridge,
    write_openhab,
)


def encode(rng, lines):
    """Return a text in one of the encodings that editors and shells write."""
    text = rng.choice(("\n", "\r\n")).join(lines) + "\n"
    return text.encode(rng.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16")))


def pack_tar_gz(data):
    """Return a .tar.gz of one file."""
    return gzip.compress(tar({"data/file": data}))


def pack(rng, data):
    """Return a file as it is, in a .gz or in a .tar.gz."""
    return rng.choice((bytes, gzip.compress, pack_tar_gz))(data)
