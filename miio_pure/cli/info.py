# SPDX-License-Identifier: MIT
"""info: show what a device says about itself."""

from ..errors import PayloadError
from ..exchange import Request
from .output import print_result
from .status import DONE
from .talk import talk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

    from ..plans import Plan
    from .arguments import Options
    from .connect import Connection


def run(options: "Options") -> int:
    """Print the result of miIO.info, without the token that some devices put in."""

    def report(connection: "Connection", info: "Dict[str, Any]", label: str) -> int:
        print_result(options, connection.facts(), info, label)
        return DONE

    return talk(options, lambda connection: read_info(), report, is_guest=True)


def read_info() -> "Plan[Dict[str, Any]]":
    """Ask a device for what it says about itself."""
    info = yield Request({"method": "miIO.info"}, None).begin
    if not isinstance(info, dict):
        raise PayloadError(
            "expected an object as the result of miIO.info, not " + type(info).__name__
        )
    info.pop("token", None)
    return info
