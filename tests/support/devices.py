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
