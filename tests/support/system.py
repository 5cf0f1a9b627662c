# SPDX-License-Identifier: MIT
"""Another operating system under the library: what sockets and look-ups do there."""

import contextlib
import types
from unittest import mock

from miio_pure import discovery, link


@contextlib.contextmanager
def system(lacks=(), **parts):
    """Replace parts of the socket module, or take some away."""
    fake = types.SimpleNamespace(**vars(link.socket))
    vars(fake).update(parts)
    for name in lacks:
        delattr(fake, name)
    with mock.patch.object(link, "socket", fake):
        with mock.patch.object(discovery, "socket", fake):
            yield
