# SPDX-License-Identifier: MIT
"""Reads and sets properties, and runs actions, of newer devices (MIoT).

from miio_pure import Client
from miio_pure.miot import Miot, Spec

with Client("192.168.1.47", token) as client:
    lamp = Miot(client, Spec.load("acme.light.x1.json"))
    lamp.set({"on": True, "brightness": 60})
    print(lamp.get("brightness"))

`spec` reads spec files, `values` checks the values of a property, and `calls` talks to
the device.
"""

from .calls import Miot, Outcome, name_device
from .spec import Action, Property, Spec
from .values import Values

__all__ = ["Action", "Miot", "Outcome", "Property", "Spec", "Values", "name_device"]
