"""Kills workers and servers at random moments of all that they do, and looks whether anything was lost."""

import argparse
import random
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

from indexer.domain.errors import KnowwhoError
from indexer.home import Home
from indexer.pipeline.backup_folder import backup_folder, list_backups, verify_backup
from indexer.pipeline.doctor import examine
from indexer.pipeline.restore import restore
from scripts.benches.common import CACHE, Bench
from scripts.benches.crash.contents import Contents, contents_of, differences
from scripts.benches.crash.kinds import KINDS, Act, Gauge, Kind
from scripts.benches.crash.processes import warm_up
from scripts.benches.crash.scenes import SETS, make_scenes
from scripts.benches.crash.stage import Stage

PROTOCOL = (
    "kill -9 of a worker or a server, a process of its own, at a random moment of its work on a home of a few hundred "
    "real threads; it is started again, and at the end the home must be whole (doctor), every job done, and database "
    "and index equal to those of an uninterrupted run, passage for passage with vectors. A kill that meets no work "
    "does not count and is repeated. Hashing encoder, segments of 300 passages"
)
WORK = CACHE / "crash"
KILLS = 200
TRIES = 12


@dataclass(slots=True)
class Reference:
    """What uninterrupted runs of a kind in a scene came to and took."""

    contents: Contents
    gauge: Gauge


@dataclass(slots=True)
class Tally:
    """Kills so far, by kind."""

    survived: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    outside: Counter[str] = field(default_factory=Counter)


def main() -> None:
    bench = Bench.start("crash", PROTOCOL, SETS, _add_options)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))  # which cleans up
    dice = random.Random(bench.options.seed)
    bench.note("seed", bench.options.seed)
    shutil.rmtree(WORK, ignore_errors=True)
    start = time.monotonic()
    try:
        warm_up()
        make_scenes(WORK / "scenes")
        references = run_uninterrupted(bench)
        bench.note("seconds of preparation", round(time.monotonic() - start))
        tally = kill_all(bench.options.kills, references, dice)
    finally:
        if not any(WORK.glob("failed-*")):
            shutil.rmtree(WORK, ignore_errors=True)
    tell(bench, tally, time.monotonic() - start)
    bench.finish()


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kills", type=int, default=KILLS, help=f"how many kills (default {KILLS})")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="chooses the moments")


def run_uninterrupted(bench: Bench) -> dict[tuple[str, str], Reference]:
    """What every kind comes to in each of its scenes when nobody is killed."""
    found = {}
    for kind in KINDS:
        for scene in kind.scenes:
            reference = found[kind.name, scene] = _uninterrupted(kind, scene)
            gauge = reference.gauge
            took = f"{gauge.seconds:.2f} s, {gauge.changes} changes of the index folder, {gauge.writes} writes"
            bench.note(f"uninterrupted: {kind.name}, {scene}", took)
    counts = {scene: reference.contents["passages"].total() for (_, scene), reference in found.items()}
    bench.note("passages at the end", counts)
    # The same work twice must come to the same, or nothing could be said about a kill.
    for (name, scene), reference in found.items():
        first = next(other for (_, place), other in found.items() if place == scene)
        if not name.startswith("backing up") and (told := differences(first.contents, reference.contents)):
            raise SystemExit(f"two uninterrupted runs differ ({name}, {scene}): {'; '.join(told)}")
    return found


def _uninterrupted(kind: Kind, scene: str) -> Reference:
    stage = Stage(WORK / "scenes" / scene, WORK / "uninterrupted")
    try:
        act = kind.act(stage, random.Random(0))
        act.begin()
        gauge = act.measure()
        if stage.worker is None or not act.jobs:
            stage.stop()
            act.resume()
        problems = [*stage.wait_ended(act.jobs), *stage.stop(), *_wrong(stage)]
        if problems:
            raise SystemExit(f"an uninterrupted run fails ({kind.name}, {scene}): {'; '.join(problems)}")
        return Reference(contents_of(stage.home), gauge)
    finally:
        stage.remove()


def kill_all(kills: int, references: dict[tuple[str, str], Reference], dice: random.Random) -> Tally:
    tally = Tally()
    scenes = {kind.name: cycle(kind.scenes) for kind in KINDS}
    start = time.monotonic()
    for number, kind in enumerate(plan(kills), 1):
        scene = next(scenes[kind.name])
        problems = kill_inside(kind, scene, references[kind.name, scene], dice, tally, WORK / f"failed-{number}")
        (tally.failed if problems else tally.survived)[kind.name] += 1
        minutes = (time.monotonic() - start) / 60
        print(
            f"{number} of {kills}, {minutes:.1f} min: {kind.name}, {scene}: {'; '.join(problems) or 'whole'}",
            flush=True,
        )
    return tally


def plan(kills: int) -> Iterator[Kind]:
    """So many kinds, in their shares, well mixed."""
    shares = [((number + 0.5) / kind.kills, place) for place, kind in enumerate(KINDS) for number in range(kind.kills)]
    order = cycle(KINDS[place] for _, place in sorted(shares))
    return (next(order) for _ in range(kills))


def kill_inside(
    kind: Kind, scene: str, reference: Reference, dice: random.Random, tally: Tally, kept: Path
) -> list[str]:
    """One kill that meets the work; what is wrong afterwards, as sentences. The stage is kept where something is."""
    for _ in range(TRIES):
        stage = Stage(WORK / "scenes" / scene, WORK / "stage")
        try:
            act = kind.act(stage, dice)
            problems = _survive(stage, act, reference, dice)
            if problems:
                shutil.copytree(stage.folder, kept)
                problems.append(f"kept in {kept}")
        finally:
            stage.remove()
        if problems is not None:
            return problems
        tally.outside[kind.name] += 1
    return [f"none of {TRIES} kills met the work"]


def _survive(stage: Stage, act: Act, reference: Reference, dice: random.Random) -> list[str] | None:
    victim = act.begin()
    act.aim(reference.gauge, dice)
    victim.kill()
    if not act.is_inside():
        return None
    try:
        # Whoever looks first into the database mends it: now this process, now the one that is started again.
        problems = _broken(stage, with_database=dice.random() < 0.5)
        problems += act.resume()
        problems += [*stage.stop(), *_wrong(stage)]
        return problems + differences(reference.contents, contents_of(stage.home))
    except Exception as error:
        # Whatever is raised here is a finding; the bench goes on with the next kill.
        traceback.print_exc()
        return [f"{type(error).__name__}: {error}"]


def _broken(stage: Stage, *, with_database: bool) -> list[str]:
    """What is wrong with a home right after a kill beyond work that is not done."""
    home = Home(stage.home)
    try:
        found = home.database.check() if with_database else []
        told = [problem for problem in found if "to migrate it" not in problem]
        return told + (home.index.problems() if home.index.current_name() else []) + _bad_backups(stage)
    finally:
        home.close()


def _wrong(stage: Stage) -> list[str]:
    """What is wrong with a home when all is done."""
    with stage.opened() as home:
        found = examine(home, stage.settings).findings
    told = [f"{entry.area}: {entry.told}" for entry in found if entry.wrong]
    place = backup_folder(stage.home, stage.settings.backup)
    unfinished = [f"{entry} is left over" for entry in place.glob("knowwho-*.new")]
    return [*told, *unfinished, *_bad_backups(stage), *_bad_restore(stage)]


def _bad_backups(stage: Stage) -> list[str]:
    found = list_backups(backup_folder(stage.home, stage.settings.backup), stage.home)
    return [problem for backup in found for problem in verify_backup(backup)]


def _bad_restore(stage: Stage) -> list[str]:
    """What is wrong with the home that the latest backup gives."""
    found = list_backups(backup_folder(stage.home, stage.settings.backup), stage.home)
    if not found:
        asked = stage.rows("SELECT id FROM jobs WHERE kind = 'back up'")
        return ["the backup is not there"] if asked else []
    target = stage.folder / "restored"
    try:
        restore(found[0].folder, target)
    except KnowwhoError as error:
        return [f"the backup cannot be restored: {error}"]
    home = Home(target)
    try:
        return [*home.database.check(), *home.index.problems()]
    finally:
        home.close()


def tell(bench: Bench, tally: Tally, seconds: float) -> None:
    for kind in KINDS:
        total = tally.survived[kind.name] + tally.failed[kind.name]
        told = f"{tally.survived[kind.name]} of {total} survived, {tally.outside[kind.name]} repeated"
        bench.note(f"kills of a {kind.victim}, {kind.name}", told)
    survived, total = tally.survived.total(), tally.survived.total() + tally.failed.total()
    bench.note("minutes", round(seconds / 60, 1))
    bench.bar("kills survived", survived, f"{total} of {total}", survived == total)


if __name__ == "__main__":
    main()
