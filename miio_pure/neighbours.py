# SPDX-License-Identifier: MIT
"""Finds names, models and ids of devices, without a packet to the devices.

A device calls itself `<model with dashes>_miio<device id>`, for example
zhimi-airpurifier-v7_miio357210272. It says so to the DHCP server, which writes it into
its file of leases, and over multicast DNS, where it offers the service
_miio._udp.local.

Multicast DNS (RFC 6762) is DNS on UDP port 5353 without a server: a question goes to
everybody, and those who know an answer send it. We ask for answers to the port of our
own socket, so nothing has to listen to port 5353. These are the records that tell about
a device; they come in one datagram or in several:

    name                           type  value
    _miio._udp.local               PTR   the name of the instance
    INSTANCE._miio._udp.local      SRV   the name of the host, and the port
    INSTANCE._miio._udp.local      TXT   texts, such as epoch=1 and mac=12b429354465
    the name of the host           A     the address

Anybody on the network can send answers, and a lease holds the name that a host gives
itself. So the results are hints, never proofs, and we limit how much we read.
"""

import os
import struct

from .errors import MiioError, NoReply
from .link import find_addresses, is_address, open_socket, socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

    # A domain name: its labels in lower case.
    Name = Tuple[str, ...]

# These are the lease files of dnsmasq on OpenWrt and on Debian, of Pi-hole, and of
# ISC's dhcpd on Debian and on Red Hat.
PLACES = (
    "/tmp/dhcp.leases",
    "/var/lib/misc/dnsmasq.leases",
    "/etc/pihole/dhcp.leases",
    "/var/lib/dhcp/dhcpd.leases",
    "/var/lib/dhcpd/dhcpd.leases",
)
MAX_FILE = 1 << 20  # bytes
MARKER = "_miio"
MAX_DIGITS = 20  # of a device id, which has 64 bits
# Some devices do not have their model in their names.
ODD_NAMES = {"rockrobo": "rockrobo.vacuum.v1"}

GROUP, PORT = "224.0.0.251", 5353
SERVICE = ("_miio", "_udp", "local")
HEADER = struct.Struct(">HHHHHH")  # RFC 1035 section 4.1.1
RECORD = struct.Struct(">HHIH")  # type, class, time to live (s), size of the value
SRV_SIZE = 6  # bytes in front of the host's name
A, PTR, TXT, SRV = 1, 12, 16, 33
INTERNET = 1
# This bit asks for answers to the port that we send from: RFC 6762 section 5.4.
UNICAST = 0x8000
IS_ANSWER = 0x8000
POINTER = 0xC0
MAX_LABEL = 63  # bytes
MAX_STEPS = 32  # labels and pointers of a name
MAX_RECORDS = 64  # in a datagram
MAX_DATAGRAM = 9000  # bytes: RFC 6762 section 17
MAX_DATAGRAMS = 1000  # in answer to one question
MAX_INSTANCES = 1000


class Neighbour:
    """A host, as a lease or an announcement describes it.

    address and mac: str, "" if they are unknown. device_id: int, or None. model: ""
    unless the host is a device. name: the host's name, unless it consists of model and
    device id.
    """

    __slots__ = ("address", "mac", "device_id", "model", "name")

    def __init__(self, name: str, address: str, mac: str) -> None:
        self.address, self.mac = address, mac
        self.model, self.device_id = split_name(name)
        self.name = "" if self.model else name

    def __repr__(self) -> str:
        return "<Neighbour %s %s>" % (self.address, ascii(self.model or self.name))


def split_name(name: str) -> "Tuple[str, Optional[int]]":
    """Return the model and the device id in a host's name; ("", None) if it has none.

    A dash in a model becomes a dot, because the name has dashes for both.
    """
    model, _, digits = name.rpartition(MARKER)
    is_id = 0 < len(digits) <= MAX_DIGITS and not digits.strip("0123456789")
    if model and is_id:
        return model.replace("-", "."), int(digits)
    return ODD_NAMES.get(name, ""), None


def find_leases() -> "List[Neighbour]":
    """Return the hosts in those of the usual lease files that we can read."""
    found = []
    for path in PLACES:
        if os.path.exists(path):
            try:
                found += read_leases(path)
            except MiioError:
                # A user who wants to know why can name the file on the command line.
                pass
    return found


def read_leases(path: str) -> "List[Neighbour]":
    """Return the hosts in a lease file; MiioError if it cannot be read."""
    # Opening a pipe would wait until another program writes to it.
    if not os.path.isfile(path):
        raise MiioError("%s: there is no such file" % path)
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise MiioError("%s: cannot be read: %s" % (path, error.strerror)) from None
    if len(data) > MAX_FILE:
        raise MiioError(
            "%s: too large for a file of leases: more than %d bytes" % (path, MAX_FILE)
        )
    return parse_leases(data.decode("utf-8", "replace"))


def parse_leases(text: str) -> "List[Neighbour]":
    """Return the hosts in a lease file of dnsmasq or of ISC's dhcpd."""
    lines = text.split("\n")
    return list(_parse_dnsmasq(lines)) + list(_parse_dhcpd(lines).values())


def _parse_dnsmasq(lines: "Sequence[str]") -> "Iterator[Neighbour]":
    """Yield the host of each line.

    A line has the time when the lease ends, the hardware address, the address, the name
    or *, and a client id.
    """
    for line in lines:
        words = line.split()
        if len(words) > 3 and is_address(words[2]):
            _, mac, address, name, *_ = words
            yield Neighbour("" if name == "*" else name, address, mac)


def _parse_dhcpd(lines: "Sequence[str]") -> "Dict[str, Neighbour]":
    """Return the hosts in the blocks `lease ADDRESS { ... }` by their addresses.

    The server appends a new block for each change, so the last block of an address
    counts.
    """
    hosts: "Dict[str, Neighbour]" = {}
    address = ""
    facts: "Dict[str, str]" = {}
    for line in lines:
        # Lines look like: binding state active; hardware ethernet 12:b4:...;
        # client-hostname "...";
        fact, _, value = line.strip("; \t\r").rpartition(" ")
        if line.startswith("lease "):
            address, facts = fact.rpartition(" ")[2], {}
        elif line.startswith("}"):
            hosts.pop(address, None)
            if is_address(address) and facts.get("binding state", "active") == "active":
                name = facts.get("client-hostname", "").strip('"')
                mac = facts.get("hardware ethernet", "")
                hosts[address] = Neighbour(name, address, mac)
            address = ""
        else:
            facts[fact] = value
    return hosts


def _write_question() -> bytes:
    """Return the question for all instances of the service."""
    name = b"".join(bytes([len(label)]) + label.encode() for label in SERVICE)
    header = HEADER.pack(0, 0, 1, 0, 0, 0)
    kind = struct.pack(">HH", PTR, INTERNET | UNICAST)
    return header + name + b"\0" + kind


QUESTION = _write_question()


class Question:
    """The question that goes out on some networks, and the answers so far.

    sources: our addresses there, or names of interfaces; None is the network of the
    default route. A network that the question cannot be sent to is left out.
    """

    def __init__(self, sources: "Sequence[Optional[str]]") -> None:
        self._announcements = Announcements()
        self._left = MAX_DATAGRAMS
        self._sockets: "List[socket.socket]" = []
        for source in sources:
            try:
                sock = open_socket(source)
                self._sockets.append(sock)
                sock.setblocking(False)
                # RFC 6762 section 11 wants 255 hops.
                sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
                sock.sendto(QUESTION, (GROUP, PORT))
            except (NoReply, OSError):
                # The hellos will report any problem with this network.
                pass

    def collect(self) -> "List[Neighbour]":
        """Return the devices that have answered by now, without waiting for more."""
        for sock in self._sockets:
            self._read(sock)
        return self._announcements.list_neighbours()

    def _read(self, sock: "socket.socket") -> None:
        while self._left:
            try:
                datagram, (address, port) = sock.recvfrom(MAX_DATAGRAM)
            except OSError:
                # No more datagrams are waiting.
                return
            self._left -= 1
            # RFC 6762 section 6: answers from any other port do not count.
            if port == PORT:
                self._announcements.add(datagram, address)

    def close(self) -> None:
        for sock in self._sockets:
            sock.close()


def find_sources(
    bind: "Optional[str]", addresses: "Sequence[str]"
) -> "List[Optional[str]]":
    """Return the sources on the way to these addresses; without any, all sources."""
    if bind is not None:
        return [bind]
    if not addresses:
        return list(find_addresses())
    sources: "Dict[Optional[str], None]" = {}
    for address in addresses:
        try:
            sock = open_socket(None)
        except NoReply:
            break
        try:
            # This sends nothing; it only chooses our address.
            sock.connect((address, PORT))
            sources[sock.getsockname()[0]] = None
        except OSError:
            # There is no route to this address.
            pass
        finally:
            sock.close()
    return list(sources)


class Announcements:
    """The facts from all answers, whose records may come in any order."""

    def __init__(self) -> None:
        self._addresses: "Dict[Name, str]" = {}
        self._instances: "Dict[Name, _Instance]" = {}

    def add(self, datagram: bytes, source: str) -> None:
        """Take in a datagram, which may hold anything, from the address source."""
        for name, kind, value in parse(datagram):
            if kind == PTR and name == SERVICE:
                name = value
            if name[1:] == SERVICE:
                instance = self._find(name, source)
                if kind == SRV:
                    instance.host = value
                elif kind == TXT:
                    instance.mac = find_mac(value) or instance.mac
            elif kind == A and len(self._addresses) < MAX_INSTANCES:
                self._addresses[name] = value

    def _find(self, name: "Name", source: str) -> "_Instance":
        if name not in self._instances and len(self._instances) >= MAX_INSTANCES:
            # There are too many, so facts about this instance are forgotten at once.
            return _Instance(source)
        return self._instances.setdefault(name, _Instance(source))

    def list_neighbours(self) -> "List[Neighbour]":
        """Return the devices that were announced."""
        found = [
            Neighbour(
                label, self._addresses.get(instance.host, instance.source), instance.mac
            )
            for (label, *_), instance in self._instances.items()
        ]
        return [neighbour for neighbour in found if neighbour.model]


class _Instance:
    """The facts about an instance. source: the sender of the first answer about it."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.host: "Name" = ()
        self.mac = ""


def find_mac(text: bytes) -> str:
    """Return the hardware address in the value of a TXT record, or "".

    Each text should be a string of its own after its length, but gateways join two of
    them: poch=0:mac=12b429354465.
    """
    _, _, rest = text.partition(b"mac=")
    digits = rest[:12].decode("ascii", "replace").lower()
    if len(digits) < 12 or digits.strip("0123456789abcdef"):
        return ""
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def parse(datagram: bytes) -> "List[Tuple[Name, int, Any]]":
    """Return the records of an answer: name, type, value.

    The value is a str for A, bytes for TXT, and a name for PTR and SRV. Records of
    other types are left out, and so is everything from the first malformed record on.
    """
    records: "List[Tuple[Name, int, Any]]" = []
    try:
        for record in _read_records(datagram):
            records.append(record)
    except (IndexError, struct.error):
        pass
    return records


def _read_records(datagram: bytes) -> "Iterator[Tuple[Name, int, Any]]":
    _, flags, questions, answers, authorities, others = HEADER.unpack_from(datagram)
    if not flags & IS_ANSWER:
        return
    position = HEADER.size
    for _ in range(min(questions, MAX_RECORDS)):
        _, position = read_name(datagram, position)
        # Skip the type and the class.
        position += 4
    for _ in range(min(answers + authorities + others, MAX_RECORDS)):
        name, position = read_name(datagram, position)
        kind, _, _, size = RECORD.unpack_from(datagram, position)
        start = position + RECORD.size
        position = start + size
        if position > len(datagram):
            return
        value = _read_value(datagram, start, kind, size)
        if value is not None:
            yield name, kind, value


def _read_value(datagram: bytes, start: int, kind: int, size: int) -> "Any":
    """Return the value of a record, or None for a type that tells us nothing."""
    if kind == A and size == 4:
        return socket.inet_ntoa(datagram[start : start + 4])
    if kind == TXT:
        return datagram[start : start + size]
    if kind in (PTR, SRV):
        name, _ = read_name(datagram, start + (SRV_SIZE if kind == SRV else 0))
        return name
    return None


def read_name(datagram: bytes, start: int) -> "Tuple[Name, int]":
    """Return the labels of a name in lower case, and where it ends.

    RFC 1035 section 4.1.4: a pointer continues a name with the end of an earlier one.
    Raises IndexError for a name that is malformed.
    """
    labels: "List[str]" = []
    position, end = start, 0
    for _ in range(MAX_STEPS):
        length = datagram[position]
        position += 1
        if length >= POINTER:
            end = end or position + 1
            position = (length - POINTER) << 8 | datagram[position]
            # Each pointer has to lead further back, so pointers cannot form a circle.
            if position >= start:
                raise IndexError
            start = position
        elif length > MAX_LABEL:
            raise IndexError
        elif length:
            label = datagram[position : position + length]
            labels.append(label.decode("utf-8", "replace").lower())
            position += length
        else:
            return tuple(labels), end or position
    raise IndexError
