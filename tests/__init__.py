# SPDX-License-Identifier: MIT
import os

# No test reads the token file of the one who runs it.
for name in ("HOME", "USERPROFILE"):
    os.environ.pop(name, None)
