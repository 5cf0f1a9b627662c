# SPDX-License-Identifier: MIT
"""A simulated device: FakeDevice keeps the protocol in memory, Simulator puts it on a
socket.

It serves `--simulate`, `--demo` and tests; its faults are those that real devices and
networks have, each switched on by its name.
"""

import select
import socket
import threading
import time
from heapq import heappop, heappush

from .errors import DeviceError, MiioError
from .packet import HEADER, HELLO, MAGIC, Token, decode, encode
from .payload import dump, load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple, Union

    from .link import Trace

    Params = Union[List[Any], Dict[str, Any]]
    Action = Callable[[List[Any]], List[Any]]

FAULTS = (
    "deaf",  # answers nothing at all
    "lose",  # acts, but its replies are lost
    "repeat",  # each reply comes twice
    "damage",  # a bit of each reply is flipped
    "reorder",  # each reply comes after the next one
    "wrong id",  # replies to an id that nobody used
    "wrong token",  # signs its replies with another token
    "dirty JSON",  # writes JSON as firmwares do
    "extra packets",  # a packet of 32 bytes before each reply
    "reject",  # says that it rejects the token
)
REPEATS = ("act", "drop", "answer")
HIDDEN = b"\xff" * 16
MOST_PARAMS = 100
_MEMORY = 64  # ids
_EVERYONE = "255.255.255.255"


class FakeDevice:
    """A device that answers datagrams; no socket, no clock.

    token: as for Client. device_id: 64 bits. model: of miIO.info. properties: values by
    name (get_prop, set_NAME) or by (siid, piid) (get_properties, set_properties).
    actions: functions from a list to a list, by (siid, aiid). methods: functions from
    params to a result, by name; they may raise DeviceError. reveal: show the token in
    hello replies, or else the 16 bytes of hidden. repeats: what a repeated id does:
    "act" again, "drop", or "answer" again without acting. epoch: s, added to now to
    make the stamp: 0 gives the uptime.

    faults: a set of names from FAULTS, to be changed at any time. delay: s, how long
    the carrier holds each reply. acted: how many commands other than reads were carried
    out.
    """

    def __init__(
        self,
        token: "Union[str, bytes, Token]",
        *,
        device_id: int = 0x03DB1166,
        model: str = "simulated.fan.v1",
        properties: "Optional[Dict[Any, Any]]" = None,
        actions: "Optional[Dict[Tuple[int, int], Action]]" = None,
        methods: "Optional[Dict[str, Callable[[Params], Any]]]" = None,
        reveal: bool = False,
        hidden: bytes = HIDDEN,
        repeats: str = "act",
        epoch: float = 0.0,
        faults: "Iterable[str]" = (),
    ) -> None:
        self.token = Token(token)
        self.device_id = device_id
        self.model = model
        self.properties = dict(properties or {})
        self.actions = dict(actions or {})
        self.methods = {
            "miIO.info": self._info,
            "get_prop": self._get_prop,
            "get_properties": self._get_properties,
            "set_properties": self._set_properties,
            "action": self._action,
        }
        self.methods.update(methods or {})
        self.reveal = reveal
        self.hidden = hidden
        self.repeats = repeats
        self.epoch = epoch
        self.faults = set(faults)
        self.delay = 0.0
        self.acted = 0
        self._answered: "Dict[int, bytes]" = {}  # the last replies' payloads, by id
        self._held: "List[bytes]" = []

    def handle(self, datagram: bytes, now: float) -> "List[bytes]":
        """The datagrams that this one brings forth; junk brings none. now: s."""
        stamp = int(now + self.epoch)
        if "deaf" in self.faults:
            return []
        if datagram == HELLO:
            return [
                self._bare(stamp, bytes(self.token) if self.reveal else self.hidden)
            ]
        try:
            packet = decode(datagram, self.token)
            if packet.payload is None or packet.header.device_id != self.device_id:
                return []
            request = load(packet.payload)
        except MiioError:
            return []
        if "reject" in self.faults:
            return [self._bare(stamp, HIDDEN, length=len(datagram))]
        reply = self._reply(request)
        return [] if reply is None else self._spoiled(reply, stamp)

    def _bare(self, stamp: int, checksum: bytes, length: int = 32) -> bytes:
        return HEADER.pack(MAGIC, length, self.device_id, stamp & 0xFFFFFFFF, checksum)

    def _reply(self, request: "Dict[str, Any]") -> "Optional[bytes]":
        """The payload that answers a request, or None if the device keeps silent."""
        ident = request.get("id")
        if type(ident) is not int or ident.bit_length() > 63:
            return None
        if ident in self._answered and self.repeats != "act":
            return self._answered[ident] if self.repeats == "answer" else None
        try:
            answer = {"id": ident, "result": self._carry_out(request)}
            reply = dump(answer)
            if len(reply) > 65000:
                raise DeviceError(-30001, "resp too long")
        except (DeviceError, ValueError) as error:
            if isinstance(error, ValueError):  # JSON that cannot be said again
                error = DeviceError(-30001, "resp invalid json")
            reply = dump(
                {"id": ident, "error": {"code": error.code, "message": error.message}}
            )
        self._answered.pop(ident, None)
        self._answered[ident] = reply
        if len(self._answered) > _MEMORY:
            del self._answered[next(iter(self._answered))]
        return reply

    def _spoiled(self, reply: bytes, stamp: int) -> "List[bytes]":
        """The datagrams of a reply, after the faults that are switched on."""
        token, faults = self.token, self.faults
        if "wrong id" in faults:
            reply = dump(dict(load(reply), id=-1))
        if "dirty JSON" in faults:
            reply = b"{," + reply[1:-1] + b',,"exe_time":007}\0k'
        if "wrong token" in faults:
            token = Token(bytes(byte ^ 0x55 for byte in bytes(token)))
        datagram = encode(token, reply, device_id=self.device_id, stamp=stamp)
        if "damage" in faults:
            datagram = datagram[:-1] + bytes((datagram[-1] ^ 1,))
        datagrams = [datagram]
        if "extra packets" in faults:
            datagrams.insert(0, self._bare(stamp, HIDDEN))
        if "repeat" in faults:
            datagrams *= 2
        if "lose" in faults:
            return []
        if "reorder" in faults:
            datagrams, self._held = (
                (datagrams + self._held, []) if self._held else ([], datagrams)
            )
        return datagrams

    def _carry_out(self, request: "Dict[str, Any]") -> "Any":
        method, params = request.get("method"), request.get("params")
        if not isinstance(method, str) or not isinstance(params, (list, dict)):
            raise DeviceError(-32600, "Invalid Request")
        if len(params) > MOST_PARAMS:
            raise DeviceError(-5001, "too many params")
        if method in self.methods:
            work: "Callable[[Params], Any]" = self.methods[method]
        elif method.startswith("set_") and method[4:] in self.properties:
            work = self._setter(method[4:])
        else:
            raise DeviceError(-10000, "method not found")
        if not method.startswith("get_") and method != "miIO.info":
            self.acted += 1
        return work(params)

    def _setter(self, name: str) -> "Callable[[Params], Any]":
        def set_it(params: "Params") -> "Any":
            if (
                len(params) != 1
                or isinstance(params, dict)
                or self._put(name, params[0])
            ):
                raise DeviceError(-5001, "invalid params")
            return ["ok"]

        return set_it

    def _put(self, key: "Any", value: "Any") -> int:
        """Set a property; the MIoT code that tells how it went."""
        if key not in self.properties:
            return -4003
        if type(value) is not type(self.properties[key]) or len(str(value)) > 1000:
            return -4005
        self.properties[key] = value
        return 0

    def _info(self, params: "Params") -> "Any":
        mac = ":".join(
            "%02X" % byte
            for byte in (2, 0, *(self.device_id & 0xFFFFFFFF).to_bytes(4, "big"))
        )
        return {
            "model": self.model,
            "mac": mac,
            "fw_ver": "1.0.0",
            "hw_ver": "simulated",
            "netif": {"localIp": "127.0.0.1"},
        }

    def _get_prop(self, params: "Params") -> "Any":
        return [
            self.properties.get(name) if isinstance(name, str) else None
            for name in params
        ]

    def _get_properties(self, params: "Params") -> "Any":
        answers = []
        for item, key in _addressed(params, "piid"):
            known = key in self.properties
            answer = dict(item, code=0 if known else -4003)
            if known:
                answer["value"] = self.properties[key]
            answers.append(answer)
        return answers

    def _set_properties(self, params: "Params") -> "Any":
        answers = []
        for item, key in _addressed(params, "piid"):
            value = item.pop("value", None)
            answers.append(dict(item, code=self._put(key, value)))
        return answers

    def _action(self, params: "Params") -> "Any":
        ((item, key),) = _addressed([params], "aiid")
        given = item.pop("in", [])
        if key not in self.actions or not isinstance(given, list):
            return dict(item, code=-4003)
        return dict(item, code=0, out=self.actions[key](given))


def _addressed(
    params: "Params", second: str
) -> "List[Tuple[Dict[str, Any], Tuple[Any, Any]]]":
    """MIoT params as (object, (siid, piid or aiid)) each."""
    found = []
    for item in params if isinstance(params, list) else [params]:
        siid, iid = (
            (item.get("siid"), item.get(second))
            if isinstance(item, dict)
            else (None, None)
        )
        if type(siid) is not int or type(iid) is not int:
            raise DeviceError(-5001, "siid and %s are needed" % second)
        found.append((dict(item), (siid, iid)))
    return found


def fan(token: "Union[str, bytes, Token]", **options: "Any") -> FakeDevice:
    """The device of --simulate and --demo: a fan with miIO and MIoT properties.

    Its methods echo (returns its params), bump and count (a counter) are for tests of
    the wire.
    """

    def toggle(params: "Params") -> "Any":
        device.properties["power"] = (
            "off" if device.properties["power"] == "on" else "on"
        )
        return ["ok"]

    def toggle_light(given: "List[Any]") -> "List[Any]":
        device.properties[2, 1] = not device.properties[2, 1]
        return []

    def bump(params: "Params") -> "Any":
        bumps.append(bumps.pop() + 1)
        return list(bumps)

    bumps = [0]
    device = FakeDevice(
        token,
        properties={"power": "on", "speed": 33, "level": 2, (2, 1): True, (2, 3): 50},
        actions={(2, 1): toggle_light},
        methods={
            "toggle": toggle,
            "echo": lambda params: params,
            "bump": bump,
            "count": lambda params: list(bumps),
        },
        **options,
    )
    return device


class Simulator:
    """A FakeDevice on a UDP socket, served by a thread while the context lasts.

    host: the local address to listen at; broadcasts are answered, too, unless it is a
    loopback address. port: 0 takes a free one. address, port: where it listens.
    trace: see Client.
    """

    def __init__(
        self,
        device: FakeDevice,
        host: str = "127.0.0.1",
        port: int = 0,
        trace: "Optional[Trace]" = None,
    ) -> None:
        self.device = device
        # a heap of replies held back: when, in what order, what, to whom
        self._later: "List[Tuple[float, int, bytes, Any]]" = []
        self._count = 0
        self._open = True
        self._thread = threading.Thread(target=self.serve, daemon=True)
        self._socket = _bound(host, port)
        self.address, self.port = self._socket.getsockname()
        self._sockets = [self._socket]
        self._trace = trace
        # A socket at one address gets no broadcasts; this one gets nothing else.
        # tests/test_network.py does it in a process of its own.
        if not self.address.startswith(("127.", "0.")):  # pragma: no cover
            try:
                self._sockets.append(_bound(_EVERYONE, self.port, shared=True))
            except OSError:
                pass  # not every system lets a socket listen there

    def __enter__(self) -> "Simulator":
        try:
            self._thread.start()
        except RuntimeError:  # no more threads
            self.close()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._open = False
        address = "127.0.0.1" if self.address == "0.0.0.0" else self.address
        try:
            self._socket.sendto(b"", (address, self.port))  # wakes serve()
        except OSError:  # pragma: no cover
            pass  # loopback is down; serve() wakes by itself
        self._thread.join()
        self.close()

    def close(self) -> None:
        """Close the sockets."""
        for sock in self._sockets:
            sock.close()

    def serve(self) -> None:
        """Answer datagrams until the context ends, or for ever."""
        while self._open:
            wait = self._later[0][0] - time.monotonic() if self._later else 1.0
            ready, _, _ = select.select(self._sockets, (), (), max(0.0, wait))
            for sock in ready:
                try:
                    datagram, peer = sock.recvfrom(65535)
                except OSError:  # pragma: no cover
                    continue  # Windows says so when a peer is gone
                self._answer(datagram, peer)
            while self._later and self._later[0][0] <= time.monotonic():
                _, _, datagram, peer = heappop(self._later)
                self._send(datagram, peer)

    def _answer(self, datagram: bytes, peer: "Any") -> None:
        now = time.monotonic()
        if self._trace:
            self._trace("received", datagram, peer[0])
        for reply in self.device.handle(datagram, now):
            if self.device.delay:
                self._count += 1
                heappush(
                    self._later, (now + self.device.delay, self._count, reply, peer)
                )
            else:
                self._send(reply, peer)

    def _send(self, datagram: bytes, peer: "Any") -> None:
        if self._trace:
            self._trace("sent", datagram, peer[0])
        try:
            self._socket.sendto(datagram, peer)
        except OSError:
            pass  # the network lost it


def _bound(host: str, port: int, shared: bool = False) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        if shared:  # pragma: no cover (see above)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except BaseException:
        sock.close()
        raise
    return sock
