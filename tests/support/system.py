# SPDX-License-Identifier: MIT
"""Another operating system under the library: what sockets and look-ups do there."""

import contextlib
import errno
import socket
import struct
import tempfile
import types
from unittest import mock

from miio_pure import discovery, link


@contextlib.contextmanager
def system(lacks=(), **parts):
    """Replace parts of the socket module, or take some away."""
    fake = types.SimpleNamespace(**vars(link.socket))
    vars(fake).update(parts)
    for name in lacks:
        delattr(fake, name)
    with mock.patch.object(link, "socket", fake):
        with mock.patch.object(discovery, "socket", fake):
            yield


@contextlib.contextmanager
def interfaces(**hosts):
    """Replace the interfaces of this host: flags and address (or None) of each one."""

    def ioctl(descriptor, request, ifreq):
        name = ifreq[:16].rstrip(b"\0").decode("utf-8", "replace")
        if name not in hosts:
            raise OSError(errno.ENODEV, "No such device")
        flags, address = hosts[name]
        if request == link.SIOCGIFFLAGS:
            return struct.pack("16sH22x", ifreq[:16], flags)
        if address is None:
            raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")
        return struct.pack("20s4s16x", ifreq[:20], socket.inet_aton(address))

    with tempfile.NamedTemporaryFile("w") as file:
        file.write("Inter-| Receive\n face |bytes\n")
        file.writelines("%6s: 0 0\n" % name for name in hosts)
        file.flush()
        with mock.patch.object(link, "INTERFACES", file.name):
            with mock.patch("fcntl.ioctl", ioctl):
                yield
