# SPDX-License-Identifier: MIT
"""Timing in turns, so that all contestants meet the same noise, and tables of it."""

import sys
import time


class Settings:
    """How long to measure: rounds, and the seconds of a batch of calls."""

    def __init__(self, quick):
        self.quick = quick
        self.rounds = 2 if quick else 21
        self.batch = 0.0005 if quick else 0.004

    def progress(self, text):
        print("... " + text, file=sys.stderr, flush=True)


class Table:
    """One subject: a row for each contestant, ours first.

    Values are seconds a call, or bytes if the unit is MiB. Ratios are those of the
    smallest values, which noise disturbs least.
    """

    def __init__(self, title, unit="us"):
        self.title = title
        self.unit = unit
        self.rows = []
        self.notes = []

    def add(self, name, samples):
        """Add a row (name, smallest value, median)."""
        ordered = sorted(samples)
        self.rows.append((name, ordered[0], ordered[len(ordered) // 2]))

    def ratio(self, row):
        """How many times our value a row has."""
        return row[1] / self.rows[0][1]

    def text(self):
        scale = {"s": 1, "ms": 1e3, "us": 1e6, "MiB": 1 / 2**20}[self.unit]
        head = ("", "best " + self.unit, "median " + self.unit, "beside the first row")
        lines = [self.title, "  %-44s %12s %12s  %s" % head]
        for row in self.rows:
            name, best, median = row
            words = describe(self.ratio(row), self.unit) if len(lines) > 2 else ""
            line = "  %-44s %12.2f %12.2f  %s"
            line %= name, best * scale, median * scale, words
            lines.append(line.rstrip())
        return "\n".join(lines + ["  " + note for note in self.notes])

    def data(self):
        return {
            "title": self.title,
            "unit": "bytes" if self.unit == "MiB" else "s",
            "rows": [
                {"name": name, "best": best, "median": median}
                for name, best, median in self.rows
            ],
            "notes": self.notes,
        }


def describe(ratio, unit="us"):
    """Return a ratio in words: "5.3 times slower", "260 times faster", "81 % of it"."""
    if unit == "MiB":
        return "%.0f %% of it" % (ratio * 100)
    if 0.95 <= ratio < 1.05:
        return "as fast"
    if ratio < 1:
        return "%s times faster" % shorten(1 / ratio)
    return "%s times slower" % shorten(ratio)


def shorten(number):
    """Return a number with two or three digits, as more of them would be noise."""
    return ("%.1f" if number < 10 else "%.0f") % number


def compare(title, contestants, settings, unit="us"):
    """Time the contestants, a list of (name, function), in turns."""
    settings.progress(title)
    counts, samples = [], []
    for _, function in contestants:
        start = time.perf_counter()
        function()
        spent = max(time.perf_counter() - start, 1e-7)
        counts.append(max(1, int(settings.batch / spent)))
        samples.append([])
    for _ in range(settings.rounds):
        for (_, function), count, times in zip(contestants, counts, samples):
            start = time.perf_counter()
            for _ in range(count):
                function()
            times.append((time.perf_counter() - start) / count)
    table = Table(title, unit)
    for (name, _), times in zip(contestants, samples):
        table.add(name, times)
    return table
