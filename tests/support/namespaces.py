# SPDX-License-Identifier: MIT
"""Hosts and cables made of network namespaces; needs root and ip(8)."""

import os
import shutil
import subprocess
import sys

from . import ROOT


def can_make_namespaces():
    if not hasattr(os, "geteuid") or os.geteuid() or not shutil.which("ip"):
        return False
    name = "miio-try-%d" % os.getpid()
    if subprocess.call(
        ["ip", "netns", "add", name],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ):
        return False
    return not subprocess.call(["ip", "netns", "del", name])


def ip(*words):
    subprocess.check_call(("ip",) + words)


class Host:
    """A network namespace."""

    def __init__(self, name):
        self.name = "miio-%s-%d" % (name, os.getpid())
        ip("netns", "add", self.name)
        self.ip("link", "set", "lo", "up")

    def ip(self, *words):
        ip("-n", self.name, *words)

    def add_addresses(self, interface, *addresses):
        """Give an interface addresses such as 10.0.0.1/24, and put it up."""
        for address in addresses:
            self.ip("address", "add", address, "dev", interface)
        self.ip("link", "set", interface, "up")

    def python(self, *words):
        """Return the command that runs Python on this host."""
        return ["ip", "netns", "exec", self.name, sys.executable] + list(words)

    def run(self, *words):
        """Run the command line on this host: (status, stdout, stderr)."""
        done = subprocess.run(
            self.python("-m", "miio_pure", *words),
            cwd=ROOT,
            timeout=60,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
        )
        return done.returncode, done.stdout.decode(), done.stderr.decode()


class Hosts:
    """A context in which hosts can be added; they and their processes go with it."""

    def __init__(self):
        self._hosts, self._processes = [], []

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        for process in self._processes:
            process.terminate()
            process.communicate()
        for host in self._hosts:
            subprocess.call(["ip", "netns", "del", host.name])

    def add(self, name):
        host = Host(name)
        self._hosts.append(host)
        return host

    def connect(self, host, interface, other, other_interface):
        """Lay a cable between two hosts."""
        words = ("link", "add", interface, "netns", host.name, "type", "veth", "peer")
        ip(*words, "name", other_interface, "netns", other.name)

    def start(self, host, *words):
        """Start Python on a host, and wait for its first line on stderr."""
        process = subprocess.Popen(
            host.python(*words),
            cwd=ROOT,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
        )
        self._processes.append(process)
        process.stderr.readline()
        return process
