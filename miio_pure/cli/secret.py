# SPDX-License-Identifier: MIT
"""Recognises what may be a token, so that it is never repeated."""

HEX = "0123456789abcdefABCDEF"
# A token with some of its 32 digits missing is still a secret.
MIN_SECRET = 24  # hex digits in a row


def hide_secrets(text: str) -> str:
    """Return the text with stars in the place of hex digits that may be a token."""
    parts, run = [], ""
    for char in text + "\n":
        if char in HEX:
            run += char
        else:
            parts.append("*" * len(run) if len(run) >= MIN_SECRET else run)
            parts.append(char)
            run = ""
    return "".join(parts)[:-1]


def has_secret(text: str) -> bool:
    """Tell whether there are hex digits in a text that may be a token."""
    return hide_secrets(text) != text
