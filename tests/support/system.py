# SPDX-License-Identifier: MIT
"""Another operating system under the library: what sockets and look-ups do there."""

import contextlib
import errno
import importlib.util
import socket
import struct
import sys
import tempfile
import types
from unittest import mock

from miio_pure import discovery, link


def load_without(missing, name):
    """Load a module of ours once more, on a system without a module of Python."""
    spec = importlib.util.find_spec(name)
    module = importlib.util.module_from_spec(spec)
    with mock.patch.dict(sys.modules, {missing: None}):
        spec.loader.exec_module(module)
    return module


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
