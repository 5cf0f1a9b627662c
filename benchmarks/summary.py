# SPDX-License-Identifier: MIT
"""Ten lines that a reader can quote, made from the tables of one run."""

from .measure import shorten

# Each line: how it reads, the beginning of a table's title, and the row to set beside
# the first. A line names times, or a percentage where that says more.
LINES = (
    (
        "Encrypting 1 KiB, miio_pure is %s times as fast as pyaes.",
        "AES-128-CBC, key kept, encrypt 1024",
        "pyaes",
    ),
    (
        "Decrypting 1 KiB, miio_pure is %s times as fast as pyaes.",
        "AES-128-CBC, key kept, decrypt 1024",
        "pyaes",
    ),
    (
        "A command of 52 bytes, there and back, takes python-miio %s times as long.",
        "message of 52 bytes of JSON (47 as we write it), encode and decode",
        "python-miio",
    ),
    (
        "A warm send takes python-miio %s times as long.",
        "warm send",
        "python-miio",
    ),
    (
        "A cold send (hello and command) takes python-miio %s times as long.",
        "cold send: new client, hello, command, loopback",
        "python-miio",
    ),
    (
        "One after the other, cold calls take %s times as long as send_to_all.",
        "{count} cold calls, 50 ms for each answer",
        "miio_pure: one after",
    ),
    (
        "A pool of threads needs %s times the CPU of send_to_all.",
        "{count} cold calls, 50 ms for each answer: our CPU",
        "miio_pure: a pool",
    ),
    (
        "import miio (python-miio) needs %s times the CPU of import miio_pure.",
        "import: CPU",
        "import miio (",
    ),
    (
        "miiocli needs %s times the CPU of miio_pure for one command.",
        "one-shot command: CPU",
        "miiocli",
    ),
    (
        "miiocli needs %s times the memory of miio_pure for one command.",
        "one-shot command: peak memory",
        "miiocli",
    ),
)


def find_ratio(tables, title, name):
    """Return how many times our value a row has, or None if it was not measured."""
    for table in tables:
        if table.title == title or table.title.startswith(title + " "):
            for row in table.rows[1:]:
                if row[0].startswith(name):
                    return table.ratio(row)
    return None


def summarize(tables, count):
    """Return the lines. count: the devices of the cold calls."""
    lines = []
    for sentence, title, name in LINES:
        ratio = find_ratio(tables, title.format(count=count), name)
        if ratio is None:
            lines.append(
                "Not measured in this run: " + sentence.replace("%s", "how many")
            )
        else:
            lines.append(sentence % shorten(ratio))
    return lines
