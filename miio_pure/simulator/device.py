# SPDX-License-Identifier: MIT
"""Simulates a device in memory: a datagram goes in, and the datagrams that answer it
come out.

It has no socket and no clock. Its faults are those of real devices and networks; each
is switched on by its name.

The sender's address in a datagram can be forged, and then the replies hit a host that
never asked. Anybody can sign requests to a device that shows its token, so such a
device never answers with more than MAX_GROWTH times the bytes that it received. If its
reply is longer, it reports -30001 "resp too long" instead, as real devices do when a
reply does not fit.
"""

from ..errors import DeviceError, MiioError
from ..packet import HEADER, HELLO, MAGIC, MAX_DATAGRAM, Token, decode, encode
from ..payload import dump, load
from .faults import find_limit, is_fault, write_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple, Union

    Params = Union[List[Any], Dict[str, Any]]
    Method = Callable[[Params], Any]
    Action = Callable[[List[Any]], List[Any]]

REPEATS = ("act", "drop", "answer")
HIDDEN = b"\xff" * 16
FIRMWARE = "1.0.0"
MAX_PARAMS = 100
MAX_TEXT = 1000  # characters of a property's value
MAX_REPLY = 65000  # bytes of JSON
MAX_GROWTH = 3  # bytes sent for each byte received, where the token is no secret
_MAX_REMEMBERED = 64  # ids whose replies are kept


class FakeDevice:
    """Answers datagrams as a device does.

    token: as for Client. device_id: 64 bits. high_word: every reply has this in the
    high 32 bits of its device id, but the device answers only requests without it; one
    known model does this, with 16. model: the one in miIO.info. properties: values by
    name (for get_prop and set_NAME) or by (siid, piid) (for get_properties and
    set_properties). actions: functions from a list to a list, by (siid, aiid). methods:
    functions from params to a result, by name; they may raise DeviceError. reveal: show
    the token in hello replies, and keep all replies small, as explained above;
    otherwise hello replies show `hidden`, 16 bytes. repeats: the reaction to a repeated
    id: the device acts again ("act"), keeps silent ("drop"), or answers again without
    acting ("answer"). epoch: seconds to add to `now` for the stamp; with 0, the stamp
    is the uptime.

    Three attributes may be read and changed at any time. faults: a set of names, as
    FAULTS lists them. delay: seconds for which a Simulator holds back each reply.
    acted: how many commands other than reads were carried out.
    """

    def __init__(
        self,
        token: "Union[str, bytes, Token]",
        *,
        device_id: int = 0x03DB1166,
        high_word: int = 0,
        model: str = "simulated.fan.v1",
        properties: "Optional[Dict[Any, Any]]" = None,
        actions: "Optional[Dict[Tuple[int, int], Action]]" = None,
        methods: "Optional[Dict[str, Method]]" = None,
        reveal: bool = False,
        hidden: bytes = HIDDEN,
        repeats: str = "act",
        epoch: float = 0.0,
        faults: "Iterable[str]" = (),
    ) -> None:
        self.token = Token(token)
        self.device_id = device_id
        self.high_word = high_word
        self.model = model
        self.properties = dict(properties or {})
        self.actions = dict(actions or {})
        self.methods: "Dict[str, Method]" = {
            "miIO.info": self._get_info,
            "get_prop": self._get_prop,
            "get_properties": self._get_properties,
            "set_properties": self._set_properties,
            "action": self._run_action,
        }
        self.methods.update(methods or {})
        self.reveal = reveal
        self.hidden = hidden
        self.repeats = repeats
        self.epoch = epoch
        self.faults = set(faults)
        for fault in self.faults:
            if not is_fault(fault):
                raise ValueError("%r is not a fault; see FAULTS" % fault)
        self.delay = 0.0
        self.acted = 0
        # The payloads of the last replies by id, and replies that "reorder" holds back.
        self._remembered: "Dict[int, Optional[bytes]]" = {}
        self._held: "List[bytes]" = []

    def handle(self, datagram: bytes, now: float) -> "List[bytes]":
        """Return the datagrams that answer this one; junk gets none.

        now: seconds of any clock that never goes back.
        """
        if "deaf" in self.faults:
            return []
        stamp = int(now + self.epoch)
        if datagram == HELLO:
            shown = bytes(self.token) if self.reveal else self.hidden
            return [self._pack_header(stamp, shown)]
        request = self._read_request(datagram)
        if request is None:
            return []
        if "reject" in self.faults:
            return [self._pack_header(stamp, HIDDEN, length=len(datagram))]
        max_size = MAX_GROWTH * len(datagram) if self.reveal else MAX_DATAGRAM
        # The padding takes at least one of the bytes that the header leaves.
        reply = self._reply(request, min(MAX_REPLY, max_size - HEADER.size - 1))
        if reply is None:
            return []
        datagrams = self._make_datagrams(reply, stamp)
        return _limit_sizes(datagrams, max_size) if self.reveal else datagrams

    def _pack_header(self, stamp: int, checksum: bytes, length: int = 32) -> bytes:
        device_id = self._find_shown_id()
        return HEADER.pack(MAGIC, length, device_id, stamp & 0xFFFFFFFF, checksum)

    def _find_shown_id(self) -> int:
        return self.high_word << 32 | self.device_id

    def _read_request(self, datagram: bytes) -> "Optional[Dict[str, Any]]":
        """Return the JSON of a request that is meant for this device, or None."""
        try:
            packet = decode(datagram, self.token)
            if packet.payload is None or packet.header.device_id != self.device_id:
                return None
            return load(packet.payload)
        except MiioError:
            return None

    def _reply(self, request: "Dict[str, Any]", max_size: int) -> "Optional[bytes]":
        """Return the payload that answers a request, or None for silence."""
        ident = request.get("id")
        if type(ident) is not int or ident.bit_length() > 63:
            return None
        if ident not in self._remembered or self.repeats == "act":
            self._remember(ident, self._answer(request))
        elif self.repeats == "drop":
            return None
        reply = self._remembered[ident]
        if reply is not None and len(reply) > max_size:
            return write_error(ident, DeviceError(-30001, "resp too long"))
        return reply

    def _remember(self, ident: int, reply: "Optional[bytes]") -> None:
        # A dict keeps the order of insertion, so the first id is the oldest.
        self._remembered.pop(ident, None)
        self._remembered[ident] = reply
        if len(self._remembered) > _MAX_REMEMBERED:
            del self._remembered[next(iter(self._remembered))]

    def _answer(self, request: "Dict[str, Any]") -> "Optional[bytes]":
        # Another thread may change the set at the same time, so read a copy of it.
        limit = find_limit(tuple(self.faults))
        if limit is not None and limit.is_exceeded(request):
            return limit.refuse(request, self._carry_out)
        return self._carry_out(request)

    def _carry_out(self, request: "Dict[str, Any]") -> bytes:
        """Do what a request asks for; return the payload of the reply."""
        ident = request["id"]
        try:
            return dump({"id": ident, "result": self._call(request)})
        except DeviceError as error:
            return write_error(ident, error)
        except ValueError:
            # The result parses as JSON but cannot be written again, because it is
            # nested too deeply.
            return write_error(ident, DeviceError(-30001, "resp invalid json"))

    def _call(self, request: "Dict[str, Any]") -> "Any":
        method, params = request.get("method"), request.get("params")
        if not isinstance(method, str) or not isinstance(params, (list, dict)):
            raise DeviceError(-32600, "Invalid Request")
        if len(params) > MAX_PARAMS:
            raise DeviceError(-5001, "too many params")
        known = self.methods.get(method)
        name = method[4:] if method.startswith("set_") else None
        if known is None and name not in self.properties:
            raise DeviceError(-10000, "method not found")
        if not method.startswith("get_") and method != "miIO.info":
            self.acted += 1
        return known(params) if known else self._set_prop(name, params)

    def _make_datagrams(self, reply: bytes, stamp: int) -> "List[bytes]":
        """Return the datagrams of a reply, with the faults that are switched on."""
        faults = self.faults
        datagrams = [self._sign(reply, stamp)]
        if "extra packets" in faults:
            datagrams.insert(0, self._pack_header(stamp, HIDDEN))
        if "repeat" in faults:
            datagrams *= 2
        if "lose" in faults:
            return []
        if "reorder" in faults and self._held:
            datagrams, self._held = datagrams + self._held, []
        elif "reorder" in faults:
            datagrams, self._held = [], datagrams
        return datagrams

    def _sign(self, reply: bytes, stamp: int) -> bytes:
        """Return the datagram of a reply, with the faults that change its content."""
        token, faults = self.token, self.faults
        if "wrong id" in faults:
            # The id comes first, even in a reply that is cut off.
            _, comma, rest = reply.partition(b",")
            reply = b'{"id":-1' + comma + rest
        if "dirty JSON" in faults:
            reply = b"{," + reply[1:-1] + b',,"exe_time":007}\0k'
        if "wrong token" in faults:
            token = Token(bytes(byte ^ 0x55 for byte in bytes(token)))
        datagram = encode(token, reply, device_id=self._find_shown_id(), stamp=stamp)
        if "damage" in faults:
            datagram = datagram[:-1] + bytes((datagram[-1] ^ 1,))
        return datagram

    def _get_info(self, params: "Params") -> "Any":
        low_word = (self.device_id & 0xFFFFFFFF).to_bytes(4, "big")
        return {
            "model": self.model,
            "mac": ":".join("%02X" % byte for byte in b"\2\0" + low_word),
            "fw_ver": FIRMWARE,
            "hw_ver": "simulated",
            "netif": {"localIp": "127.0.0.1"},
            # Devices repeat the token here, and python-miio's info command expects it.
            "token": self.token.hex(),
        }

    def _get_prop(self, params: "Params") -> "Any":
        return [
            self.properties.get(name) if isinstance(name, str) else None
            for name in params
        ]

    def _set_prop(self, name: "Any", params: "Params") -> "Any":
        if not isinstance(params, list) or len(params) != 1:
            raise DeviceError(-5001, "invalid params")
        if self.write(name, params[0]):
            raise DeviceError(-5001, "invalid params")
        return ["ok"]

    def _get_properties(self, params: "Params") -> "Any":
        answers = []
        for item, key in _read_addresses(params, "piid"):
            code = self.judge_read(key)
            answer = dict(item, code=code)
            if code == 0:
                answer["value"] = self.properties[key]
            answers.append(answer)
        return answers

    def _set_properties(self, params: "Params") -> "Any":
        answers = []
        for item, key in _read_addresses(params, "piid"):
            value = item.pop("value", None)
            answers.append(dict(item, code=self.write(key, value)))
        return answers

    def _run_action(self, params: "Params") -> "Any":
        ((item, key),) = _read_addresses([params], "aiid")
        given = item.pop("in", [])
        code = self.judge_action(key, given)
        if code:
            return dict(item, code=code)
        return dict(item, code=0, out=self.actions[key](given))

    def write(self, key: "Any", value: "Any") -> int:
        """Set a property; return the MIoT code for the reply."""
        code = self.judge_write(key, value)
        if code == 0:
            self.properties[key] = value
        return code

    def judge_read(self, key: "Any") -> int:
        """Return the MIoT code for reading a property; 0 means success."""
        return 0 if key in self.properties else -4003

    def judge_write(self, key: "Any", value: "Any") -> int:
        """Return the MIoT code for setting a property to a value; 0 means success."""
        if key not in self.properties:
            return -4003
        is_alike = type(value) is type(self.properties[key])
        return 0 if is_alike and len(str(value)) <= MAX_TEXT else -4005

    def judge_action(self, key: "Any", given: "Any") -> int:
        """Return the MIoT code for a request to run an action; 0 means success."""
        return 0 if key in self.actions and isinstance(given, list) else -4003


def _limit_sizes(datagrams: "List[bytes]", max_size: int) -> "List[bytes]":
    """Return the first of these datagrams, as many as fit into max_size bytes."""
    kept = []
    for datagram in datagrams:
        max_size -= len(datagram)
        if max_size < 0:
            break
        kept.append(datagram)
    return kept


def _read_addresses(
    params: "Params", second: str
) -> "List[Tuple[Dict[str, Any], Tuple[Any, Any]]]":
    """Return MIoT params as pairs: a copy of the object, and (siid, piid or aiid).

    second: "piid" or "aiid". An object without both numbers raises DeviceError.
    """
    found = []
    for item in params if isinstance(params, list) else [params]:
        fields = dict(item) if isinstance(item, dict) else {}
        siid, iid = fields.get("siid"), fields.get(second)
        if type(siid) is not int or type(iid) is not int:
            raise DeviceError(-5001, "siid and %s are needed" % second)
        found.append((fields, (siid, iid)))
    return found


def fan(token: "Union[str, bytes, Token]", **options: "Any") -> FakeDevice:
    """Make the device of `demo` and `simulate`: a fan with miIO and MIoT properties.

    options: as for FakeDevice. Given properties, actions and methods are added to those
    of the fan, or replace them.
    """

    def toggle(params: "Params") -> "Any":
        power = device.properties["power"]
        device.properties["power"] = "off" if power == "on" else "on"
        return ["ok"]

    def toggle_light(given: "List[Any]") -> "List[Any]":
        device.properties[2, 1] = not device.properties[2, 1]
        return []

    parts: "Dict[str, Any]" = {
        "properties": {
            "power": "on",
            "speed": 33,
            "level": 2,
            (2, 1): True,
            (2, 3): 50,
        },
        "actions": {(2, 1): toggle_light},
        "methods": {"toggle": toggle},
    }
    for name, own in parts.items():
        own.update(options.pop(name, None) or {})
    device = FakeDevice(token, **parts, **options)
    return device
