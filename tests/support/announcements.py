# SPDX-License-Identifier: MIT
"""Answers of multicast DNS, as devices and others write them."""

import contextlib
import socket
import struct

from miio_pure import link

from .system import system

GROUP = ("224.0.0.251", 5353)
SERVICE = "_miio._udp.local"
A, PTR, TXT, SRV = 1, 12, 16, 33
MAC = b"mac=12b429354465"


def name(text):
    """Return a domain name without pointers."""
    labels = [label.encode() for label in text.split(".")]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def record(owner, kind, value):
    """Return a record; owner: a name, or the bytes of one."""
    if isinstance(owner, str):
        owner = name(owner)
    return owner + struct.pack(">HHIH", kind, 0x8001, 120, len(value)) + value


def message(*records, questions=b"", count=None, flags=0x8400):
    """Return an answer with these records."""
    total = len(records) if count is None else count
    header = struct.pack(">HHHHHH", 0, flags, 1 if questions else 0, total, 0, 0)
    return header + questions + b"".join(records)


def records(device, host=None, address="192.168.1.47", text=None):
    """Return what a device with this name announces."""
    instance, host = device + "." + SERVICE, (host or device) + ".local"
    text = b"\x07epoch=1" + bytes([len(MAC)]) + MAC if text is None else text
    return [
        record(SERVICE, PTR, name(instance)),
        record(instance, SRV, struct.pack(">HHH", 0, 0, 54321) + name(host)),
        record(instance, TXT, text),
        record(host, A, socket.inet_aton(address)),
    ]


class Responder:
    """Stands on loopback for everybody who answers questions; a context manager.

    answers: what comes back for each question. asked: the questions that came. port:
    from which the answers seem to come.
    """

    def __init__(self, *answers, port=GROUP[1]):
        self.answers, self.port = answers, port
        self.asked = []
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._stack.enter_context(self._socket)
        self._socket.bind(("127.0.0.1", 0))
        self._stack.enter_context(system(socket=self._make_class()))
        return self

    def __exit__(self, *exc_info):
        self._stack.close()

    def _take(self, question, peer):
        self.asked.append(question)
        for answer in self.answers:
            self._socket.sendto(answer, peer)

    def _make_class(self):
        responder, own = self, self._socket.getsockname()

        class Socket(link.socket.socket):
            def sendto(self, data, address):
                if address != GROUP:
                    return super().sendto(data, address)
                self.connect(own)
                responder._take(data, self.getsockname())
                return len(data)

            def recvfrom(self, size):
                data, (address, port) = super().recvfrom(size)
                return data, (address, responder.port if port == own[1] else port)

        return Socket
