# SPDX-License-Identifier: MIT
"""Asks for a password at the terminal, without showing it."""

from ..errors import MiioError


def ask_password(prompt: str, variable: str) -> str:
    """Return the text typed at the prompt; MiioError if we cannot ask.

    variable: the environment variable that errors name as the other way to give it.
    """
    try:
        import warnings
        from getpass import GetPassWarning, getpass
    except ImportError:
        raise MiioError(
            "this Python cannot ask for a password; set %s instead" % variable
        ) from None
    with warnings.catch_warnings():
        # Raise instead of echoing the password.
        warnings.simplefilter("error", GetPassWarning)
        try:
            return getpass(prompt)
        except EOFError:
            raise MiioError("no password was typed") from None
        except UnicodeError:
            raise MiioError(
                "this locale cannot read the password; set %s instead" % variable
            ) from None
        except (AttributeError, GetPassWarning, OSError, ValueError):
            raise MiioError(
                "a password can only be typed on a terminal; set %s instead" % variable
            ) from None
