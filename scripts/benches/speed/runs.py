"""What each run of a comparison found, kept with the figures and drawn."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from scripts.benches.common import Bench

KEPT = "runs"


def keep(bench: Bench, title: str, found: Mapping[str, Sequence[float]]) -> None:
    """Keep what every run found for each of those compared, under a title with the unit."""
    bench.figures.setdefault(KEPT, {})[title] = {name: list(values) for name, values in found.items()}


def draw(file: Path, figures: Mapping[str, Any]) -> None:
    """A bar for each of those compared: medians, with lines from lowest to highest; a panel for each title."""
    import matplotlib as mpl  # noqa: PLC0415  # of the extra `bench`

    mpl.use("agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    panels: Mapping[str, Mapping[str, Sequence[float]]] = figures[KEPT]
    figure, axes = plt.subplots(len(panels), 1, figsize=(9, 2.2 * len(panels)), layout="constrained", squeeze=False)
    for axis, (title, found) in zip(axes.flat, panels.items(), strict=True):
        names = list(found)[::-1]
        middles = [median(found[name]) for name in names]
        below = [middle - min(found[name]) for name, middle in zip(names, middles, strict=True)]
        above = [max(found[name]) - middle for name, middle in zip(names, middles, strict=True)]
        axis.barh(names, middles, xerr=[below, above], height=0.6, color="#4a7ba6", ecolor="#333333", capsize=3)
        axis.set_title(title, loc="left", fontsize=10)
    figure.savefig(file, dpi=120)
    plt.close(figure)
