# SPDX-License-Identifier: MIT
"""The plot of the README: time against message size, one line for each library."""

from .ciphers import PLOTTED

# What crosses the network, in bytes of ciphertext: a command and its reply are short,
# and the longest thing that a device is asked for is a list of many properties.
MARKS = ((48, "command"), (32, "reply"), (1232, "40 properties"))


def draw(tables, path):
    from matplotlib import pyplot, rcParams

    rcParams["svg.hashsalt"] = "miio_pure"
    figure, axes = pyplot.subplots(1, 2, figsize=(9, 4), sharey=True)
    for panel, what in zip(axes, ("encrypt", "decrypt")):
        lines = {}
        for table in tables:
            if table.title.startswith(PLOTTED + what):
                size = int(table.title.split()[-2])
                for name, best, _ in table.rows:
                    lines.setdefault(name, []).append((size, best * 1e6))
        for name, points in lines.items():
            style = {"linewidth": 2.5} if name == "miio_pure" else {"linewidth": 1}
            panel.loglog(*zip(*points), marker="o", markersize=3, label=name, **style)
        for size, name in MARKS:
            panel.axvline(size, color="0.5", linewidth=0.8, linestyle=":")
            place = {"rotation": 90, "va": "bottom", "ha": "right", "fontsize": 7}
            base = panel.get_xaxis_transform()
            panel.text(size, 0.02, name, transform=base, color="0.3", **place)
        # The labels stand below all lines.
        panel.set_ylim(bottom=0.1)
        panel.set_title("AES-128-CBC, " + what)
        panel.set_xlabel("message, bytes")
        panel.grid(True, alpha=0.3)
    axes[0].set_ylabel("time, microseconds")
    axes[0].legend(fontsize="small")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
