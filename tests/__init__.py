# SPDX-License-Identifier: MIT
import os

# No test reads the token file, or takes the secrets, of the one who runs it.
for name in (
    "HOME",
    "USERPROFILE",
    "MIIO_TOKEN",
    "MIIO_PASSWORD",
    "MIIO_WIFI_PASSWORD",
):
    os.environ.pop(name, None)
