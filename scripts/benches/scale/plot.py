"""Draws what runs of the scale bench found against the number of passages."""

from collections.abc import Mapping, Sequence
from pathlib import Path

MEGABYTE = 1e6


def draw(file: Path, runs: Sequence[Mapping[str, float]]) -> None:
    """Time, answers, memory and disk against size, one point a home."""
    import matplotlib as mpl  # noqa: PLC0415  # of the extra `bench`

    mpl.use("agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    runs = sorted(runs, key=lambda run: run["passages"])
    sizes = [run["passages"] for run in runs]
    panels: dict[str, dict[str, list[float | None]]] = {
        "answers over HTTP, milliseconds": {
            "p50": [run["answer_p50"] for run in runs],
            "p95": [run["answer_p95"] for run in runs],
            "encoding one query alone": [run["encoding_p50"] for run in runs],
            "ranking people, p95": [run["people_p95"] for run in runs],
        },
        "indexing, seconds": {
            "without encoding": [run["index_seconds"] for run in runs],
            "encoding, at the measured rate": [run["passages"] / run["encoder_rate"] for run in runs],
        },
        "memory of the server, MB": {
            "resident": [run["resident"] / MEGABYTE for run in runs],
            "private": [run["private"] / MEGABYTE for run in runs],
        },
        "disk beyond the text, bytes a passage": {"": [(run["disk"] - run["text"]) / run["passages"] for run in runs]},
    }
    figure, axes = plt.subplots(2, 2, figsize=(11, 8), layout="constrained")
    for axis, (title, lines) in zip(axes.flat, panels.items(), strict=True):
        for name, values in lines.items():
            axis.plot(sizes, values, marker="o", label=name)
        grows = title.startswith("indexing")
        axis.set(title=title, xscale="log", xlabel="passages", yscale="log" if grows else "linear")
        if not grows:
            axis.set_ylim(bottom=0)
        if len(lines) > 1:
            axis.legend()
    figure.savefig(file, dpi=120)
    plt.close(figure)
