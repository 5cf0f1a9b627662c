# SPDX-License-Identifier: MIT
"""Where the package is, and which of its modules are the core."""

import os

from . import ROOT

PACKAGE = os.path.join(ROOT, "miio_pure")
PURE = ("errors", "aes", "packet", "payload", "session")
CORE = PURE + ("client", "discovery", "__init__")
