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
    """One subject: a row for each contestant, ours first; times are seconds a call."""

    def __init__(self, title, unit="us"):
        self.title = title
        self.unit = unit
        self.rows = []

    def add(self, name, samples):
        ordered = sorted(samples)
        quarter = len(ordered) // 4
        median = ordered[len(ordered) // 2]
        spread = (ordered[-1 - quarter] - ordered[quarter]) / 2
        self.rows.append((name, median, spread))

    def ratio(self, row):
        """How many times our time a row takes."""
        return row[1] / self.rows[0][1]

    def text(self):
        scale = {"s": 1, "ms": 1e3, "us": 1e6, "MiB": 1 / 2**20}[self.unit]
        lines = [
            self.title,
            "  %-42s %12s %10s %8s" % ("", "median " + self.unit, "+-", "/ ours"),
        ]
        for row in self.rows:
            name, median, spread = row
            lines.append(
                "  %-42s %12.2f %10.2f %8.2f"
                % (name, median * scale, spread * scale, self.ratio(row))
            )
        return "\n".join(lines)

    def data(self):
        return {
            "title": self.title,
            "unit": "bytes" if self.unit == "MiB" else "s",
            "rows": [
                {"name": name, "median": median, "spread": spread}
                for name, median, spread in self.rows
            ],
        }


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
