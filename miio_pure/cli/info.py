# SPDX-License-Identifier: MIT
"""info: show what a device says about itself."""

from .connect import Connection
from .output import print_json
from .status import DONE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .arguments import Options


def run(options: "Options") -> int:
    """Print the result of miIO.info, without the token that some devices put in."""
    (device,) = options.arguments
    with Connection(options, device, is_guest=True) as connection:
        result = connection.client.info()
    result.pop("token", None)
    print_json(result)
    return DONE
