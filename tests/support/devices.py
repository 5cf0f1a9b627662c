# SPDX-License-Identifier: MIT
"""Simulated devices with methods that only tests need."""

from miio_pure.simulator import fan


def counting_fan(token, **options):
    """A fan with the methods echo (returns its params), bump and count (a counter)."""
    bumps = [0]

    def bump(params):
        bumps[0] += 1
        return list(bumps)

    device = fan(token, **options)
    device.methods.update(
        echo=lambda params: params, bump=bump, count=lambda params: list(bumps)
    )
    return device


class Place:
    """Where a NewDevice answers, in a network in memory, either before or after it has
    joined."""

    def __init__(self, device, has_joined):
        self._device, self._has_joined = device, has_joined

    def handle(self, datagram, now):
        replies = self._device.handle(datagram, now)
        return replies if self._device.has_joined == self._has_joined else []
