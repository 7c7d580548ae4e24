"""Whether a home is whole, with advice for what is not."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from indexer.domain.errors import BackupInvalid, IndexCorrupt
from indexer.domain.jobs import JobState
from indexer.domain.storage import free_bytes
from indexer.home import Home
from indexer.index.inventory import leftovers, size_of
from indexer.pipeline.backup_folder import backup_folder, list_backups
from indexer.pipeline.copying import MEGABYTE
from indexer.settings import Settings
from indexer.store import Transaction, documents, erased, items, jobs, passages, people, workers

LEAST_FREE_BYTES = 200 * MEGABYTE
OLDEST_BACKUP = timedelta(days=7)
RESTORE = "restore a backup: `knowwho backup list`, `knowwho restore`"
MEND = "`knowwho generation verify` takes what is damaged out of use, then `knowwho index` writes it again"
JOURNAL = "embeddings of an interrupted run are waiting to be published"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a home that somebody should know. `wrong` is False for what only deserves a look; `advice` says
    what to run or do."""

    area: str
    told: str
    advice: str
    wrong: bool = True


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found, and plain facts by name."""

    findings: tuple[Finding, ...]
    facts: dict[str, Any] = field(default_factory=dict)


def examine(home: Home, settings: Settings, now: datetime | None = None) -> Examination:
    """Look at everything in a home without changing anything: database, index, disk, folders, jobs, items, backups."""
    now = now or datetime.now(UTC)
    writer = writing_process(home.folder)
    facts: dict[str, Any] = {"home": str(home.folder), "written_by_process": writer}
    findings = [*_examine_folders(home), *_examine_disk(home), *_examine_backups(home, settings, now)]
    findings += [_damaged("database", problem) for problem in home.database.check()]
    if not any(finding.area == "database" for finding in findings):
        with home.database.read() as transaction:
            facts |= {
                "documents": documents.count_documents(transaction),
                "people": people.count_people(transaction),
                "items": items.count_states(transaction),
            }
            findings += _examine_jobs(transaction, settings, now)
            findings += _examine_items(transaction)
            findings += _examine_erasures(transaction)
        findings += _examine_index(home, writer)
        facts["generation"] = home.index.current_name()
    return Examination(tuple(findings), facts)


def writing_process(home: Path) -> int | None:
    """The process that holds the home for writing; None where none does, or where the system does not tell."""
    try:
        inode = (home / "writer.lock").stat().st_ino
        locks = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    fields = (line.split() for line in locks if "->" not in line)
    return next((int(f[4]) for f in fields if f[1] == "FLOCK" and f[5].endswith(f":{inode}")), None)


def _damaged(area: str, problem: str) -> Finding:
    """A problem that names its own way out where it has one."""
    advice = "" if "`knowwho" in problem else RESTORE if area == "database" else MEND
    return Finding(area, problem, advice)


def _examine_folders(home: Home) -> Iterator[Finding]:
    for folder in (home.folder, home.index.root, home.index.segments):
        if folder.exists() and not os.access(folder, os.W_OK | os.X_OK):
            yield Finding("folders", f"{folder} cannot be written", "mend its permissions or how it is mounted")
    scratch = home.folder.with_name(f"{home.folder.name}.restoring")
    asides = sorted(home.folder.parent.glob(f"{home.folder.name}.replaced-*"))
    for aside in (*asides, *([scratch] if scratch.exists() else [])):
        told = f"{aside} is left over from a restore ({size_of(aside) // MEGABYTE} MB)"
        yield Finding("folders", told, "remove it when nobody needs what it holds", wrong=False)


def _examine_disk(home: Home) -> Iterator[Finding]:
    free, used = free_bytes(home.folder), size_of(home.folder)
    told = f"the disk of {home.folder} has {free // MEGABYTE} MB free; the home takes {used // MEGABYTE} MB"
    if free < LEAST_FREE_BYTES:
        yield Finding("disk", told, "free some room: a full disk stops indexing")
    elif free < used:
        yield Finding("disk", told, "make room before a rebuild, which takes as much again", wrong=False)


def _examine_backups(home: Home, settings: Settings, now: datetime) -> Iterator[Finding]:
    try:
        found = list_backups(backup_folder(home.folder, settings.backup), home.folder)
    except BackupInvalid as error:
        yield Finding("backups", str(error), "change the setting backup.folder")
        return
    if not found:
        told = "there is no backup of this home"
        yield Finding("backups", told, "`knowwho backup`, best by a schedule", wrong=False)
    elif now - found[0].made > OLDEST_BACKUP:
        told = f"the latest backup is {(now - found[0].made).days} days old"
        yield Finding("backups", told, "`knowwho backup`, best by a schedule", wrong=False)


def _examine_jobs(transaction: Transaction, settings: Settings, now: datetime) -> Iterator[Finding]:
    gone_after = timedelta(seconds=settings.jobs.gone_after_seconds)
    alive = {worker.id for worker in workers.list_workers(transaction) if now - worker.beat <= gone_after}
    for job in jobs.list_jobs(transaction, (JobState.RUNNING,)):
        if job.worker not in alive:
            told = f"job {job.id} ({job.request.kind}) is marked as running, but its worker {job.worker} is silent"
            yield Finding("jobs", told, "start a worker, which takes it over: `knowwho worker`")
    waiting = jobs.list_jobs(transaction, (JobState.WAITING,), limit=1)
    if waiting and not alive:
        yield Finding("jobs", "jobs are waiting, but no worker is running", "`knowwho worker`")


def _examine_items(transaction: Transaction) -> Iterator[Finding]:
    parked = [letter for letter in items.dead_letters(transaction) if letter.next_try is None]
    if parked:
        told = f"{len(parked)} items cannot be read and are parked, such as {parked[0].source}/{parked[0].uri}"
        yield Finding("items", told, "`knowwho report` says why", wrong=False)


def _examine_erasures(transaction: Transaction) -> Iterator[Finding]:
    if erased.is_unfinished(transaction):
        told = "an erasure is not finished: files of the home and new backups still hold whoever was erased"
        yield Finding("erasures", told, "`knowwho person erase` without a name finishes it")
    listed = erased.count_listed(transaction)
    if listed:
        told = f"the directory lists {listed} people who asked to be erased"
        yield Finding("erasures", told, "remove them there", wrong=False)


def _examine_index(home: Home, writer: int | None) -> Iterator[Finding]:
    problems = home.index.problems()
    yield from (_damaged("index", problem) for problem in problems)
    if problems or writer is not None:  # what a running job is at is neither missing nor left over
        return
    try:
        yield from _compare(home)
        left = leftovers(home.index)
    except IndexCorrupt as error:
        yield _damaged("index", str(error))
        return
    if left:
        told = f"{len(left)} unfinished parts of an interrupted run lie in {home.index.root}"
        size = sum(part.size for part in left) // MEGABYTE
        yield Finding("index", f"{told} ({size} MB)", "the next run that publishes removes them", wrong=False)
    if any(home.index.root.glob("journal-*.bin")):
        yield Finding("index", JOURNAL, "`knowwho index` goes on where it stopped", wrong=False)


def _compare(home: Home) -> Iterator[Finding]:
    """The passages of the database against those of the generation that serves."""
    serving = home.index.open_current()
    with home.database.read() as transaction:
        wanted = np.asarray(passages.passage_ids(transaction), np.int64)
    missing = len(wanted) if serving is None else len(np.setdiff1d(wanted, serving.passage_ids()))
    if missing:
        told = f"{missing} of {len(wanted)} passages are not in the index yet"
        yield Finding("index", told, "`knowwho index` adds them")
