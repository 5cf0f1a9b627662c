# SPDX-License-Identifier: MIT
"""python3 -m benchmarks [--quick] [--json FILE] [--plot FILE.svg]"""

import argparse
import importlib
import json
import os
import platform
import sys

import miio_pure

from . import captures, ciphers, messages, network, processes
from .measure import Settings
from .summary import summarize

# the distribution of each module that may be compared with
OTHERS = {
    "cryptography.hazmat.backends.openssl.backend": "cryptography",
    "Crypto": "pycryptodome",
    "pyaes": "pyaes",
    "tlslite": "tlslite-ng",
    "miio": "python-miio",
    "dpkt": "dpkt",
}


def processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.lower().startswith(("model name", "cpu model", "machine")):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or "unknown processor"


def versions():
    """The installed ones with their versions, and the modules of the missing ones."""
    found, missing = {"miio_pure": miio_pure.__version__}, set()
    for module, distribution in OTHERS.items():
        try:
            importlib.import_module(module)
            found[distribution] = version_of(distribution)
        except Exception as error:  # python-miio fails in many ways
            missing.add(module.split(".")[0])
            found[distribution] = "not installed (%s)" % type(error).__name__
    return found, missing


def version_of(distribution):
    try:
        from importlib.metadata import version
    except ImportError:  # before Python 3.8
        from pkg_resources import get_distribution

        return get_distribution(distribution).version
    return version(distribution)


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python3 -m benchmarks")
    parser.add_argument("--quick", action="store_true", help="see that it runs")
    parser.add_argument("--json", metavar="FILE", help="write the figures there, too")
    parser.add_argument("--plot", metavar="FILE.svg", help="draw time against size")
    options = parser.parse_args(argv)
    settings = Settings(options.quick)
    found, missing = versions()
    machine = "%s %s on %s, %d CPUs, %s" % (
        platform.python_implementation(),
        platform.python_version(),
        processor(),
        os.cpu_count() or 0,
        platform.system(),
    )
    print(machine)
    print(", ".join("%s %s" % pair for pair in sorted(found.items())))
    tables = []
    for module in (ciphers, messages, network, processes, captures):
        for table in module.subjects(settings, missing):
            tables.append(table)
            print("\n" + table.text(), flush=True)
    lines = summarize(tables, network.count_many(settings))
    print("\nIn ten lines, from the best times of this run:")
    print("\n".join("  " + line for line in lines))
    if options.json:
        report = {
            "machine": machine,
            "versions": found,
            "summary": lines,
            "subjects": [table.data() for table in tables],
        }
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(report, file, indent=1)
    if options.plot:
        from . import plot

        plot.draw(tables, options.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
