# SPDX-License-Identifier: MIT
"""Runs a program with no more of the standard library than a small host has.

    python3 -S -s small_host.py HOST [-m MODULE | -c CODE | ZIP] [ARGUMENTS]

HOST is a name in hosts.json. Its lists come from the packages of these systems: a host
has "only" these modules, or all modules "without" those. Modules outside the standard
library stay as they are, and child processes have everything.
"""

import io
import json
import os
import sys

# Some versions have moved parts of modules that the host has into these.
SPLIT_OFF = set(
    "_typing _statistics _contextvars _queue _opcode _pylong _pydatetime _colorize "
    "_opcode_metadata _sha2 _suggestions _sysconfig _tokenize _py_abc".split()
)


class Refuse:
    """Refuses what the host lacks, as the first of Python's finders."""

    def __init__(self, name, only, without):
        self.name = name
        self.only = only
        self.without = without

    def lacks(self, module):
        top = module.split(".")[0]
        if self.only and top not in self.only | SPLIT_OFF:
            return True
        parts = module.split(".")
        return any(
            ".".join(parts[:end]) in self.without for end in range(1, len(parts) + 1)
        )

    def find_spec(self, module, path=None, target=None):
        if self.lacks(module):
            for finder in sys.meta_path:
                if finder is not self:
                    spec = finder.find_spec(module, path, target)
                    if spec is not None and is_standard(spec.origin):
                        text = "No module named %r (on %s)" % (module, self.name)
                        raise ModuleNotFoundError(text, name=module)
        return None


def is_standard(origin):
    return origin in ("built-in", "frozen") or str(origin).startswith(STANDARD)


def forget(refuse):
    """Unload the modules that are loaded by now but which the host lacks."""
    for name, module in list(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        if name in ("__main__", "sys", "builtins") or "_frozen_importlib" in name:
            continue
        if refuse.lacks(name) and (spec is None or is_standard(spec.origin)):
            del sys.modules[name]
            parent, _, leaf = name.rpartition(".")
            if parent in sys.modules:
                vars(sys.modules[parent]).pop(leaf, None)


def widen(argparse):
    """Set the width of the help, as Debian's argparse does without shutil."""
    init = argparse.HelpFormatter.__init__

    def with_width(self, prog, **options):
        init(self, prog, width=options.pop("width", None) or 78, **options)

    argparse.HelpFormatter.__init__ = with_width


def main(host, kind, *arguments):
    with io.open(os.path.join(HERE, "hosts.json"), encoding="utf-8") as file:
        lists = json.load(file)[host]
    refuse = Refuse(
        host,
        set(" ".join(lists.get("only", ())).split()),
        set(" ".join(lists["without"]).split()),
    )
    if host.startswith(("Debian", "Ubuntu")):
        import argparse

        widen(argparse)
    forget(refuse)
    sys.meta_path.insert(0, refuse)
    sys.path_importer_cache.clear()
    run(kind, list(arguments))


def run(kind, arguments):
    main_module = type(sys)("__main__")
    main_module.__builtins__ = __builtins__
    KEPT.append(sys.modules["__main__"])
    sys.modules["__main__"] = main_module
    if kind == "-c":
        sys.path.insert(0, "")
        code = arguments.pop(0)
        sys.argv[:] = ["-c"] + arguments
        exec(compile(code, "<string>", "exec"), vars(main_module))
        return
    import runpy

    if kind == "-m":
        sys.path.insert(0, os.getcwd())
        module = arguments.pop(0)
        sys.argv[:] = ["-m"] + arguments
        runpy._run_module_as_main(module)
    else:
        sys.path.insert(0, kind)
        sys.argv[:] = [kind] + arguments
        runpy._run_module_as_main("__main__", False)


if __name__ == "__main__":
    HERE = os.path.abspath(sys.path.pop(0))
    # With -S, the path holds nothing but the standard library.
    STANDARD = tuple(path + os.sep for path in sys.path if not path.endswith(".zip"))
    # A module that is replaced has to live on, because its functions are still used.
    KEPT = []
    main(*sys.argv[1:])
