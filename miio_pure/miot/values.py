# SPDX-License-Identifier: MIT
"""Checks values against the format, the range or the list of a property."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional, Sequence, Tuple, Union

    Number = Union[int, float]
    Range = Tuple[Number, Number, Number]
    Choice = Tuple[Any, str]

# The least and the greatest value of each format of whole numbers.
WHOLE_NUMBERS = {
    "%sint%d" % (sign, bits): (low, high)
    for bits in (8, 16, 32, 64)
    for sign, low, high in (
        ("u", 0, (1 << bits) - 1),
        ("", -1 << bits - 1, (1 << bits - 1) - 1),
    )
}
FORMATS = {
    "bool": "true or false",
    "string": "a text",
    "hex": "hex digits",
    "float": "a number",
}
HEX = "0123456789abcdefABCDEF"
INFINITY = float("inf")
# A number this near to a step is taken to be on it: 0.1 has no exact float.
MAX_DEVIATION = 1e-6  # steps
# Beyond this, a float cannot tell one step from the next.
MAX_STEPS = 1e15
# A longer number is not repeated in a message, as it may be a token.
MAX_SHOWN = 10**9
MAX_LISTED = 40  # choices that a message lists


class Values:
    """The values that a property takes.

    format: bool, uint8 to uint64, int8 to int64, float, string or hex; devices of the
    future may have others. unit: such as "celsius", or "". limits: (least, most, step),
    or None; some devices do refuse a value that is not on a step. choices: the values
    of a list, each with its description, which may be "".
    """

    def __init__(
        self,
        format: str,
        unit: str = "",
        limits: "Optional[Range]" = None,
        choices: "Sequence[Choice]" = (),
    ) -> None:
        self.format, self.unit = format, unit
        self.limits, self.choices = limits, choices
        if limits is None and not choices and format in WHOLE_NUMBERS:
            self.limits = WHOLE_NUMBERS[format] + (1,)

    def check(self, value: "Any") -> "Any":
        """Return the value to send; raise a ValueError that says what it can be.

        The description of a choice stands for its value. A float without a fraction
        may stand for a whole number.
        """
        if self.choices:
            return self._make_whole(self._choose(value))
        value = self._make_whole(value)
        if not self._is_right(value):
            self._refuse(value)
        return value

    def name(self, value: "Any") -> str:
        """Return the description of a value from the list, or ""."""
        return next((text for known, text in self.choices if same(known, value)), "")

    def describe(self) -> str:
        """Describe the values that the property takes."""
        if self.choices:
            texts = [
                "%s (%s)" % (value, text) if text else str(value)
                for value, text in self.choices[:MAX_LISTED]
            ]
            more = ", ..." if len(self.choices) > MAX_LISTED else ""
            return ", ".join(texts) + more
        if self.limits is None:
            return FORMATS.get(self.format, "a value of the format " + self.format)
        least, most, step = self.limits
        text = "%s to %s" % (least, most)
        return text if step in (0, 1) else "%s in steps of %s" % (text, step)

    def _make_whole(self, value: "Any") -> "Any":
        """Return a float as an int if the format has whole numbers and it is one."""
        is_float = self.format in WHOLE_NUMBERS and type(value) is float
        return int(value) if is_float and value.is_integer() else value

    def _is_right(self, value: "Any") -> bool:
        if self.format in WHOLE_NUMBERS:
            return type(value) is int and self._is_in_limits(value)
        if self.format == "float":
            is_number = type(value) in (int, float) and -INFINITY < value < INFINITY
            return is_number and self._is_in_limits(value)
        if self.format == "bool":
            return type(value) is bool
        if self.format in ("string", "hex"):
            is_text = type(value) is str
            return is_text and (self.format == "string" or not value.strip(HEX))
        # This format is unknown, so the device will have to check the value.
        return True

    def _is_in_limits(self, value: "Number") -> bool:
        if self.limits is None:
            return True
        least, most, step = self.limits
        if not least <= value <= most:
            return False
        if type(value) is type(least) is type(step) is int:
            return step <= 0 or (value - least) % step == 0
        steps = (value - least) / step if step > 0 else 0.0
        return steps > MAX_STEPS or abs(steps - round(steps)) < MAX_DEVIATION

    def _choose(self, value: "Any") -> "Any":
        found = [known for known, _ in self.choices if same(known, value)]
        if not found and isinstance(value, str):
            wanted = normalize(value)
            found = [
                known for known, text in self.choices if wanted == normalize(text) != ""
            ]
        if not found:
            self._refuse(value)
        if not all(same(one, found[0]) for one in found):
            numbers = ", ".join(map(str, found[:MAX_LISTED]))
            raise ValueError("this may be any of %s: use the number" % numbers)
        return found[0]

    def _refuse(self, value: "Any") -> None:
        unit = " (%s)" % self.unit if self.unit else ""
        raise ValueError(
            "expected %s%s, not %s" % (self.describe(), unit, describe_wrong(value))
        )


def same(one: "Any", other: "Any") -> bool:
    """Tell whether two values are the same in JSON, which tells true from 1."""
    return bool(one == other) and (type(one) is bool) == (type(other) is bool)


def normalize(text: str) -> str:
    """Return a name or a description in one spelling, without regard to case and - _.

    Descriptions have blanks in the place of these.
    """
    return text.strip().lower().replace("_", "-").replace(" ", "-")


def describe_wrong(value: "Any") -> str:
    """Describe a wrong value, without texts and long numbers, which may be a token."""
    if type(value) is bool:
        return "true or false"
    if type(value) in (int, float) and abs(value) <= MAX_SHOWN:
        return str(value)
    kinds = {int: "a larger number", float: "such a number", str: "this text"}
    return kinds.get(type(value), "a list, an object or null")
