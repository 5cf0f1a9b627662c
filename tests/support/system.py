# SPDX-License-Identifier: MIT
"""Another operating system under the library: what sockets and look-ups do there."""

import contextlib
import importlib.util
import sys
import types
from unittest import mock

from miio_pure import discovery, link


def load_without(missing, name):
    """Load a module of ours once more, on a system without a module of Python."""
    spec = importlib.util.find_spec(name)
    module = importlib.util.module_from_spec(spec)
    with mock.patch.dict(sys.modules, {missing: None}):
        spec.loader.exec_module(module)
    return module


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
