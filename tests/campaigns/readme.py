# SPDX-License-Identifier: MIT
"""Runs each example of README.rst as it stands, beside a simulated device.

    python3 -m tests.campaigns.readme

Blocks marked `.. code:: sh` and `.. code:: python` have to succeed. In blocks marked
`.. code:: console`, each line that begins with $ is a command, and what it prints has
to be what stands below it; a token may be another one, and the home folder is shown as
~. The examples share a home folder, which is a new one, and run in their order.
UDP port 54321 of 127.0.0.1 must be free. It is run by .ci/run and not by unittest.
"""

import os
import re
import subprocess
import sys
import tempfile

from ..support import ROOT

BLOCK = re.compile(r"^\.\. code:: (sh|python|console)\n\n((?:    .*\n|\n)+)", re.M)
TOKEN = re.compile(r"\b[0-9a-f]{32}\b")
TIMEOUT = 300  # s
SHOWN_HOME = "~"


def find_examples():
    """Yield the language and the text of each example."""
    with open(os.path.join(ROOT, "README.rst"), encoding="utf-8") as file:
        blocks = BLOCK.findall(file.read())
    for language, text in blocks:
        yield language, re.sub("^    ", "", text, flags=re.M).strip()


def run(words, home, **options):
    """Run a program in a shell whose home is this folder."""
    path = os.path.join(home, ".local", "bin") + os.pathsep + os.environ["PATH"]
    env = dict(os.environ, HOME=home, PATH=path)
    return subprocess.run(words, cwd=ROOT, env=env, timeout=TIMEOUT, **options)


def run_console(text, home):
    """Run the commands of a console session; return whether all print what it shows."""
    is_right = True
    for part in re.split(r"^\$ ", text, flags=re.M)[1:]:
        command, _, shown = part.partition("\n")
        done = run(
            ["bash", "-c", command],
            home,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            universal_newlines=True,
        )
        printed = done.stdout.replace(home, SHOWN_HOME)
        if simplify(printed) != simplify(shown):
            print("$ %s\n%s" % (command, printed))
            is_right = False
    return is_right


def simplify(text):
    """Return a text without what may differ from run to run."""
    lines = TOKEN.sub("TOKEN", text).strip().splitlines()
    return [line.rstrip() for line in lines]


def run_example(language, text, home):
    """Run an example; return whether it worked."""
    if language == "console":
        return run_console(text, home)
    command = ["bash", "-ec"] if language == "sh" else [sys.executable, "-c"]
    return run(command + [text], home).returncode == 0


def main():
    device = subprocess.Popen(
        [sys.executable, "-m", "miio_pure", "simulate"],
        cwd=ROOT,
        stderr=subprocess.PIPE,
    )
    count = failed = 0
    try:
        device.stderr.readline()
        with tempfile.TemporaryDirectory() as home:
            for language, text in find_examples():
                # CI runs this one by itself, before anything else.
                if text == "python3 -m unittest":
                    continue
                is_right = run_example(language, text, home)
                print("%s: %s" % ("ok" if is_right else "FAILED", text), flush=True)
                failed += not is_right
                count += 1
    finally:
        device.terminate()
        device.communicate()
    print("%d README examples, %d failed" % (count, failed))
    return 1 if failed or not count else 0


if __name__ == "__main__":
    sys.exit(main())
