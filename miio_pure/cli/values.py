# SPDX-License-Identifier: MIT
"""Reads the values that somebody types, and the items of MIoT answers.

A property or an action of a newer device has two numbers: siid, the service, and piid
or aiid within that service. They are written 2.1 or 2:1.
"""

from ..errors import meaning
from ..host import parse
from .secret import check_secret
from .status import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional

    from ..miot import Values

MIOT_METHODS = ("get_properties", "set_properties", "action")
DIGITS = "0123456789"
MAX_DIGITS = 9  # of a siid or piid
RECURSION = (RecursionError, TypeError)
BOOLEANS = {
    "true": True,
    "on": True,
    "yes": True,
    "1": True,
    "false": False,
    "off": False,
    "no": False,
    "0": False,
}


def decode_argument(text: str) -> str:
    """Return an argument as it was typed, even where the locale is C."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError:
        raise UsageError("an argument contains bytes that are not UTF-8") from None


def parse_value(text: str) -> "Any":
    """Return the value of an argument: JSON if it is JSON, otherwise the text."""
    text = decode_argument(text)
    try:
        return parse(text)
    except ValueError:
        pass
    except RECURSION:
        # PyPy raises a TypeError instead of a RecursionError.
        raise UsageError("a value is nested too deeply") from None
    if text.strip()[:1] in ("{", "["):
        # Few values are typed as JSON, and imports are slow on a router.
        from .typed import read_typed

        return read_typed("a value", text)
    return text


def parse_params(text: str) -> "Any":
    """Return params: an array or an object as it is, anything else as one param."""
    value = parse_value(text)
    return value if isinstance(value, (list, dict)) else [value]


def parse_typed(text: str, values: "Values") -> "Any":
    """Return the value of an argument whose property is known from a spec."""
    if values.format == "bool" and not values.choices:
        return BOOLEANS.get(text.lower(), text)
    if values.format in ("string", "hex") and not values.choices:
        return decode_argument(text)
    value = parse_value(text)
    # A number stands for itself, and everything else for a description.
    return value if type(value) in (int, float, bool) else decode_argument(text)


def check_property(name: str) -> None:
    """Raise UsageError for what cannot be the name of a property or an action."""
    check_secret("a property or action", name)
    parts = name.replace(":", ".").split(".")
    letters = [part.replace("_", "").replace("-", "") for part in parts]
    is_half_a_number = len(parts) == 1 and not name.strip(DIGITS)
    if len(parts) > 2 or not all(map(str.isalnum, letters)) or is_half_a_number:
        raise UsageError(
            "expected a property or action: a name such as power or fan:on, or a "
            "number such as 2.1"
        )


def is_number(name: str) -> bool:
    """Tell whether a property or an action is named by its numbers, as in 2.1."""
    parts = name.replace(":", ".").split(".")
    return len(parts) == 2 and all(
        0 < len(part) <= MAX_DIGITS and not part.strip(DIGITS) for part in parts
    )


def is_plain(name: str) -> bool:
    """Tell whether an older device can have a property or a method of this name."""
    return ":" not in name and "." not in name


def needs_spec(names: "List[str]") -> bool:
    """Tell whether only a spec file says what names mean, or which there are."""
    return not names or not all(is_plain(name) or is_number(name) for name in names)


def find_refusals(answer: "Any") -> "List[Dict[str, Any]]":
    """Return the items of a MIoT answer with a negative code."""
    items = answer if isinstance(answer, list) else [answer]
    return [item for item in items if isinstance(item, dict) and read_code(item) < 0]


def read_code(item: "Dict[str, Any]") -> int:
    """Return the code of a MIoT item; 0 if it has none."""
    code = item.get("code")
    return code if type(code) is int else 0


def name_item(item: "Dict[str, Any]") -> str:
    """Return the number of the property or action that an item is about."""
    return "%s.%s" % (item.get("siid", "?"), item.get("piid", item.get("aiid", "?")))


def explain_refusal(name: str, code: "Optional[int]") -> str:
    """Return the message about a property or an action that failed."""
    if code is None:
        return "%s: the device's answer does not mention it" % name
    known = meaning(code)
    return "%s: the device refused it: code %d%s" % (
        name,
        code,
        " (%s)" % known if known else "",
    )
