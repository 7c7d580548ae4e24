"""How pages for the admin say moments, durations, sizes, and what a job is about."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from indexer.domain.jobs import Job, JobKind, JobProgress, JobRequest, Window
from service.web.phrases import counted, exact_date, sentence

MINUTE, HOUR, DAY = 60, 3600, 86_400
KILO = 1000
SHOWN_APART = ("sources",)
CODE = re.compile(r"`([^`]+)`")
NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")

KIND_WORDS = {
    JobKind.REINDEX: ("Reindex", "Read what has changed"),
    JobKind.REBUILD: ("Rebuild", "Index anew from the stored text"),
    JobKind.VERIFY: ("Verify", "Check what serves"),
    JobKind.COMPACT: ("Compact", "Merge segments"),
    JobKind.BACK_UP: ("Back up", "Copy the whole home"),
    JobKind.ANALYSE: ("Analyse", "Find near-duplicates"),
    JobKind.ERASE: ("Erase", "Finish erasing people"),
}


def with_code(text: str) -> Markup:
    """A sentence of ours for a page; what stands in it between `these` is set as code."""
    # A name at the beginning stays as it is written: it is to be found again in the settings.
    named = re.match(r"[a-z0-9_-]+:", text)
    told = text[:1] + sentence(text)[1:] if named else sentence(text)
    return Markup(CODE.sub(r"<code>\1</code>", str(escape(told))))  # noqa: S704  # escaped before


def things_need(number: int) -> str:
    """`One thing needs`, `Two things need`."""
    told = NUMBERS[number] if number < len(NUMBERS) else str(number)
    return f"{told} thing{'' if number == 1 else 's'} need{'s' if number == 1 else ''}"


def kind_words(kind: JobKind) -> tuple[str, str]:
    """A kind of job in a word, and what it does."""
    return KIND_WORDS[kind]


def job_words(request: JobRequest) -> str:
    """What a job is about: `Reindex library, in full`."""
    word = KIND_WORDS[request.kind][0]
    if request.kind is not JobKind.REINDEX:
        return word
    parameters = request.parameters
    items = parameters.get("items", ())
    about = [", ".join(parameters.get("sources", ()))]
    about += [f"{items[0][0]}/{items[0][1]}" if len(items) == 1 else counted(len(items), "item") if items else ""]
    about += [f"community {parameters['community']}" if parameters.get("community") else ""]
    told = " and ".join(part for part in about if part) or "every source"
    return f"{word} {told}{', in full' if parameters.get('full') else ''}"


def window_words(window: Window) -> str:
    return f"{window.begin:%H:%M} to {window.end:%H:%M} ({window.zone})"


def said_moment(moment: datetime, now: datetime, zone: str | None = None) -> str:
    """`today at 14:03`, `23 November at 02:30`; on the clock of this machine, or of the zone, which is then named."""
    where = ZoneInfo(zone) if zone else None
    local, today = moment.astimezone(where), now.astimezone(where).date()
    names = {0: "today", 1: "yesterday", -1: "tomorrow"}
    day = names.get((today - local.date()).days)
    if day is None:
        day = f"{local.day} {local:%B}" if local.year == today.year else exact_date(local.date())
    return f"{day} at {local:%H:%M}{f' {local:%Z}' if zone else ''}"


def exact_moment(moment: datetime) -> str:
    """To the second, on the clock of this machine."""
    local = moment.astimezone()
    return f"{exact_date(local.date())}, {local:%H:%M:%S %Z}"


def said_duration(seconds: float) -> str:
    """`less than a second`, `12 seconds`, `3 minutes`, `2 hours 5 minutes`, `4 days`."""
    whole = round(seconds)
    if whole < 1:
        return "less than a second"
    if whole < 2 * MINUTE:
        return counted(whole, "second")
    if whole < 2 * HOUR:
        return counted(round(whole / MINUTE), "minute")
    if whole < 2 * DAY:
        hours, minutes = divmod(round(whole / MINUTE), 60)
        return counted(hours, "hour") + (f" {counted(minutes, 'minute')}" if minutes else "")
    return counted(round(whole / DAY), "day")


def said_rate(rate: float, unit: str) -> str:
    """`14 items a second`; slow work by the minute or the hour."""
    for span, name in ((1, "a second"), (MINUTE, "a minute"), (HOUR, "an hour")):
        if rate * span >= 1 or span == HOUR:
            return f"{rate * span:,.0f} {unit} {name}"
    raise AssertionError


def said_size(size: int) -> str:
    """`640 kB`, `3.2 MB`, `1.4 GB`."""
    value = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < KILO or unit == "GB":
            return f"{value:,.0f} {unit}" if unit in ("bytes", "kB") else f"{value:,.1f} {unit}"
        value /= KILO
    raise AssertionError


def how_far(progress: JobProgress) -> str:
    """`1,200 of 4,000 items`."""
    if progress.total is None:
        return f"{progress.done:,} {progress.unit}" if progress.done else ""
    return f"{progress.done:,} of {progress.total:,} {progress.unit}"


def how_long(job: Job, now: datetime) -> str | None:
    """How long a job took, or has taken by now; None before it has begun."""
    if job.started is None:
        return None
    return said_duration(((job.ended or now) - job.started).total_seconds())


def result_facts(result: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """What a job came to, as names with values; what a page shows in a way of its own is left out."""
    told = [(name.replace("_", " "), value) for name, value in result.items() if name not in SHOWN_APART]
    told = [("size", said_size(value)) if name == "bytes" else (name, value) for name, value in told]
    return [(name, _lines(value)) for name, value in told if value not in (None, [], {}, "")]


def _lines(value: Any) -> list[str]:
    if isinstance(value, list | tuple):
        return [str(entry) for entry in value]
    if isinstance(value, Mapping):
        return [f"{name.replace('_', ' ')}: {entry}" for name, entry in value.items()]
    return [f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)]
