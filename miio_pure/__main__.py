# SPDX-License-Identifier: MIT
"""python3 -m miio_pure"""

import sys

if __name__ == "__main__" and not __package__:
    sys.exit("error: run it as python3 -m miio_pure, from the folder above")
try:
    from .cli import main

    status = main()
except KeyboardInterrupt:
    status = 130
sys.exit(status)
