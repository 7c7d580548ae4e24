"""knowwho evaluate: how well this home ranks, by judged topics."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBars

from indexer.cli.base import AsJson, console, errors, open_home, print_json, settings_of
from indexer.domain.errors import EvaluationInvalid
from indexer.domain.progress import Progress, ReportProgress, ignore_progress
from indexer.embedding import open_cross_encoder, open_encoder
from service.asking import AsPerson, viewer_named
from service.evaluation import (
    DEFAULT_MEASURES,
    Difference,
    Evaluation,
    Material,
    Task,
    evaluate,
    mean,
    parse_measures,
    read_candidates,
    read_qrels,
    read_run,
    read_topics,
    write_run,
)
from service.search import OpenIndex
from service.settings import ServiceSettings

MANY_TOPICS = 20  # from here on it takes long enough for a bar
NAMES_SHOWN = 5

Topics = Annotated[Path, typer.Option("--topics", help="Questions: TREC, id-tab-text lines, or JSON Lines.")]
Qrels = Annotated[Path, typer.Option("--qrels", help="Judgements: TREC or JSON Lines.")]
OfPeople = Annotated[bool, typer.Option("--people", help="Rank people, not documents.")]
Among = Annotated[
    Path | None, typer.Option("--candidates", help="Rank only these people: topic-tab-person lines, or JSON Lines.")
]
Measures = Annotated[str, typer.Option("--measures", help="With commas between, by the names of ir-measures.")]
SaveAs = Annotated[Path | None, typer.Option("--save", help="Save the run as this TREC run file.")]
Against = Annotated[Path | None, typer.Option("--against", help="Compare with this saved run.")]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="How many items are ranked for a topic.")]
InCommunity = Annotated[list[str] | None, typer.Option("--community", "-c", help="Slug of a community; repeatable.")]
PerTopic = Annotated[bool, typer.Option("--per-topic", help="Show the figures of each topic.")]


def evaluate_command(  # noqa: PLR0913, PLR0917  # an argument an option
    context: typer.Context,
    topics: Topics,
    qrels: Qrels,
    people: OfPeople = False,
    candidates: Among = None,
    measures: Measures = DEFAULT_MEASURES,
    save: SaveAs = None,
    against: Against = None,
    limit: Limit = 100,
    community: InCommunity = None,
    per_topic: PerTopic = False,
    as_person: AsPerson = None,
    as_json: AsJson = False,
) -> None:
    """Measure how well this home ranks, and whether it ranks better than a saved run.

    An item in the qrels is a document (its id, or source/uri), the passage of it that a search shows
    (source/uri#ordinal), or with --people a person (id, address, or namespace:handle).
    """
    _check_place(save)
    if candidates and not people:
        raise EvaluationInvalid("--candidates are people: use it together with --people")
    material = Material(
        read_topics(topics),
        read_qrels(qrels),
        parse_measures(measures),
        read_run(against) if against else None,
        read_candidates(candidates) if candidates else None,
    )
    found = _evaluate(
        context, material, Task(people=people, limit=limit, communities=tuple(community or ())), as_person, as_json
    )
    if save:
        write_run(save, found.run)
    if as_json:
        print_json(_values(found, against))
    else:
        _print(found, against, per_topic)


def _evaluate(context: typer.Context, material: Material, task: Task, as_person: str | None, quiet: bool) -> Evaluation:
    settings = settings_of(context)
    if not isinstance(settings, ServiceSettings):
        raise TypeError("the command was started without the service's settings")
    home = open_home(settings)
    cross_encoder = open_cross_encoder(settings.search.cross_encoder, settings.encoder)
    viewer = viewer_named(home, as_person)
    index = OpenIndex(home, open_encoder(settings.encoder), cross_encoder, settings.encoder, settings.index.vectors)
    index.load_model()
    with _bar(quiet or len(material.topics) <= MANY_TOPICS) as report:
        return evaluate(home, index, material, task, viewer, settings, report)


def _check_place(save: Path | None) -> None:
    if save and (save.is_dir() or not save.parent.is_dir()):
        raise EvaluationInvalid(f"the run cannot be saved as {save}: name a file in a folder that exists")


@contextmanager
def _bar(quiet: bool) -> Iterator[ReportProgress]:
    if quiet:
        yield ignore_progress
        return
    columns = TextColumn("{task.description}"), BarColumn(bar_width=30), MofNCompleteColumn()
    with ProgressBars(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=errors) as bars:
        task = bars.add_task("topics", total=None)

        def show(progress: Progress) -> None:
            bars.update(task, completed=progress.done, total=progress.total)

        yield show


def _values(found: Evaluation, against: Path | None) -> dict[str, Any]:
    measures = [
        {
            "measure": measure,
            "mean": mean(values),
            "topics": len(values),
            "per_topic": values,
            "against": asdict(found.differences[measure]) if measure in found.differences else None,
        }
        for measure, values in found.values.items()
    ]
    told = {"generation": found.run.tag, "against": against and str(against), "degraded": found.degraded}
    return {**told, "measures": measures, **asdict(found.gaps)}


def _print(found: Evaluation, against: Path | None, per_topic: bool) -> None:
    if found.degraded:
        console.print(found.degraded, style="yellow", markup=False)
    if per_topic:
        _print_table(_topic_rows(found))
        console.print()
    _print_table(_measure_rows(found))
    if against:
        told = (
            "95 % interval of the difference by paired bootstrap; flips: resamples where it is 0 or has the other sign"
        )
        console.print(f"\nbefore: {against}; {told}", style="dim", markup=False)
    _print_gaps(found)


def _topic_rows(found: Evaluation) -> list[list[str]]:
    topics = next(iter(found.values.values()))
    rows = [[topic, *(f"{values[topic]:.4f}" for values in found.values.values())] for topic in topics]
    return [["topic", *found.values], *rows]


def _measure_rows(found: Evaluation) -> list[list[str]]:
    head = ["measure", "mean", "topics"]
    rows = [[measure, f"{mean(values):.4f}", str(len(values))] for measure, values in found.values.items()]
    if found.differences:
        head += ["before", "difference", "95 % interval", "flips", "better", "worse", "equal"]
        rows = [row + _difference_cells(found.differences[row[0]]) for row in rows]
    return [head, *rows]


def _difference_cells(told: Difference) -> list[str]:
    interval = f"{told.low:+.4f} to {told.high:+.4f}"
    counts = [str(count) for count in (told.better, told.worse, told.equal)]
    return [f"{told.before:.4f}", f"{told.difference:+.4f}", interval, f"{100 * told.flips:.1f} %", *counts]


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        console.print("  ".join(cells), style="bold" if number == 0 else None, markup=False)


def _print_gaps(found: Evaluation) -> None:
    gaps = found.gaps
    for names, told in (
        (gaps.unknown_items, "items that name nothing one may read in this home"),
        (gaps.unjudged, "topics without judgement, left out"),
        (gaps.without_text, "judged topics without text, left out"),
        (gaps.without_candidates, "judged topics without candidates, left out"),
        (gaps.unanswered, "topics that found nothing, counted as 0"),
        (gaps.unanswered_before, "topics that the earlier run lacks, counted as 0 there"),
    ):
        if names:
            shown = ", ".join(names[:NAMES_SHOWN]) + (", …" if len(names) > NAMES_SHOWN else "")
            console.print(f"{told}: {len(names)} ({shown})", style="yellow", markup=False)
