# SPDX-License-Identifier: MIT
"""Recognises what may be a token, so that it is never repeated."""

from .status import UsageError

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
    return len(text) >= MIN_SECRET and hide_secrets(text) != text


def check_secret(what: str, text: str) -> None:
    """Raise UsageError, which does not repeat the text, if it may be a token."""
    if has_secret(text):
        raise UsageError(
            "%s looks like a token; give a token with --token or in MIIO_TOKEN" % what
        )
