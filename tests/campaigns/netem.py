# SPDX-License-Identifier: MIT
"""Two hosts in network namespaces of our own, with a bad network in between.

What `tc netem` does, in user space, as not every kernel has it: the two ends are TUN
devices, and what one host sends is lost, delayed, repeated, overtaken or damaged before
the other gets it. Needs root, ip(8) and /dev/net/tun.
"""

import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import threading
import time

NEAR_ADDRESS, FAR_ADDRESS = "10.78.0.1", "10.78.0.2"
# each way
LOSS, REPEAT, DAMAGE = 0.20, 0.05, 0.02
DELAY = (0.010, 0.090)  # s: 50 +- 40 ms, so that packets overtake each other

# linux/if_tun.h
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_UDP, _UDP_CHECKSUM = 17, slice(26, 28)  # in an IPv4 packet without options


def open_tun(name):
    descriptor = os.open("/dev/net/tun", os.O_RDWR)
    flags = _IFF_TUN | _IFF_NO_PI
    fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH22x", name.encode(), flags))
    return descriptor


def _ip(*args):
    subprocess.check_call(("ip",) + args)


class BadNetwork:
    """A context: near() and far() give the command that runs another on that host."""

    def __init__(self, seed, damage=DAMAGE):
        self._rng = random.Random(seed)
        self._damage = damage
        self._names = ["miio-%s-%d" % (side, os.getpid()) for side in ("near", "far")]
        self._tuns = []
        self._open = True
        self._thread = threading.Thread(target=self._carry, daemon=True)

    def __enter__(self):
        try:
            for name, address in zip(self._names, (NEAR_ADDRESS, FAR_ADDRESS)):
                device = "tun%s%d" % (name[5], os.getpid() % 100000)
                _ip("netns", "add", name)
                self._tuns.append(open_tun(device))
                _ip("link", "set", device, "netns", name)
                _ip("-n", name, "address", "add", address + "/24", "dev", device)
                _ip("-n", name, "link", "set", device, "up")
        except BaseException:
            self._close()
            raise
        self._thread.start()
        return self

    def __exit__(self, *exc_info):
        self._open = False
        self._thread.join()
        self._close()

    def _close(self):
        for descriptor in self._tuns:
            os.close(descriptor)
        for name in self._names:
            subprocess.call(["ip", "netns", "del", name], stderr=subprocess.DEVNULL)

    def near(self, *command):
        return ["ip", "netns", "exec", self._names[0]] + list(command)

    def add_far_address(self, address):
        """Let the far host answer at one more address."""
        name = self._names[1]
        _ip("-n", name, "address", "add", address + "/32", "dev", "lo")

    def far(self, *command):
        return ["ip", "netns", "exec", self._names[1]] + list(command)

    def _carry(self):
        later, count = [], 0  # a heap: when, in what order, where to, what
        near, far = self._tuns
        while self._open:
            wait = later[0][0] - time.monotonic() if later else 0.2
            for source in select.select(self._tuns, (), (), max(0.0, wait))[0]:
                for packet in self._spoiled(os.read(source, 65535)):
                    count += 1
                    at = time.monotonic() + self._rng.uniform(*DELAY)
                    target = far if source == near else near
                    heapq.heappush(later, (at, count, target, packet))
            while later and later[0][0] <= time.monotonic():
                _, _, target, packet = heapq.heappop(later)
                os.write(target, packet)

    def _spoiled(self, packet):
        """The copies of an IP packet that arrive."""
        rng = self._rng
        if packet[0] != 0x45 or packet[9] != _UDP:  # IPv6 looks for routers
            return [packet] if packet[0] >> 4 == 4 else []
        if rng.random() < LOSS:
            return []
        if rng.random() < self._damage:
            damaged = bytearray(packet)
            bit = rng.randrange(8 * 28, 8 * len(packet))
            damaged[bit // 8] ^= 1 << bit % 8
            if rng.random() < 0.5:  # no checksum: what is damaged gets through
                damaged[_UDP_CHECKSUM] = bytes(2)
            packet = bytes(damaged)
        return [packet] * (2 if rng.random() < REPEAT else 1)
