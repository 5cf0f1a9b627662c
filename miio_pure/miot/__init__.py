# SPDX-License-Identifier: MIT
"""MIoT: properties and actions of newer devices, by name or by number.

from miio_pure import Client
from miio_pure.miot import Miot, Spec

with Client("192.168.1.47", token) as client:
    lamp = Miot(client, Spec.load("acme.light.x1.json"))
    lamp.set({"on": True, "brightness": 60})
    print(lamp.get("brightness"))

`spec` reads the files, `values` judges what a property takes, and `calls` talks.
"""

from .calls import Miot, Outcome, name_device
from .spec import Action, Property, Spec
from .values import Values

__all__ = ["Action", "Miot", "Outcome", "Property", "Spec", "Values", "name_device"]
