"""How fast files become an index, beside the encoder alone and beside peers that are given the passages."""

import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import yaml

from indexer.embedding import open_encoder
from scripts.benches.common import CACHE, CHECKOUT, DATA, Bench
from scripts.benches.peers.running import PEERS, write_passages
from scripts.benches.scale.homes import Built
from scripts.benches.serving import even
from scripts.benches.speed.runs import keep
from scripts.benches.speed.timing import Took

SETS = ("kubernetes", "nasa-llis")
PROTOCOL = (
    "`knowwho index` reads files into a new home, a process of its own from start to end: Kubernetes proposals "
    "(Markdown with authors, from an archive) and NASA's lessons (a table). In turn, several times over: that; "
    "Knowwho's encoder alone, model loaded, on the same passages, each text once; and each peer, model loaded, on a "
    "random share of the same passages as texts, so that reading, parsing and splitting are spared them and their "
    "start is not counted. Rates are passages a second, medians of wall time, spread is lowest to highest"
)
WORK = CACHE / "speed" / "indexing"
SEED = 20_250_302


def measure(bench: Bench) -> None:
    bench.note("protocol of indexing", PROTOCOL)
    bench.note("data of indexing", ", ".join(SETS))
    for peer in PEERS:
        peer.install()
        bench.note(f"{peer.name}, versions", peer.versions())
    rates: dict[str, list[float]] = {}
    for run in range(bench.options.runs):
        built, embedded, seconds = indexed()
        rates.setdefault("knowwho index", []).append(embedded / seconds)
        if not run:
            texts = list(dict.fromkeys(built.texts()))
            bench.note("passages indexed", embedded)
            encoder = open_encoder(built.settings.encoder)
            encoder.encode_passages(texts[:64])
        start = time.perf_counter()
        encoder.encode_passages(texts)
        rates.setdefault("encoder alone", []).append(len(texts) / (time.perf_counter() - start))
        for name, took in peers_indexing(texts, bench.options.peer_passages).items():
            rates.setdefault(name, []).append(bench.options.peer_passages / took.wall)
    tell(bench, rates)


def tell(bench: Bench, rates: dict[str, list[float]]) -> None:
    for name, found in rates.items():
        spread = f"{min(found):.1f} to {max(found):.1f}"
        bench.note(f"indexing: {name}, passages a second (spread)", f"{median(found):.1f} ({spread})")
    keep(bench, "indexing, passages a second", rates)
    typical = {name: median(found) for name, found in rates.items()}
    share = typical["knowwho index"] / typical["encoder alone"]
    bench.bar("indexing / encoder alone", round(share, 3), "at least .9", share >= 0.9)
    fastest = max((peer.name for peer in PEERS), key=typical.__getitem__)
    times = typical["knowwho index"] / typical[fastest]
    bench.bar(f"indexing / fastest peer ({fastest})", round(times, 2), "at least 3", times >= 3)


def indexed() -> tuple[Built, int, float]:
    """A new home, how many passages were embedded for it, and the seconds from start to end of the command."""
    shutil.rmtree(WORK / "home", ignore_errors=True)
    built = Built(WORK)
    WORK.mkdir(parents=True, exist_ok=True)
    built.config.write_text(yaml.safe_dump(settings()))
    command = [sys.executable, "-m", "service.cli", "--config", str(built.config), "index", "--json"]
    start = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=CHECKOUT, env=even())
    seconds = time.perf_counter() - start
    return built, sum(source["passages_embedded"] for source in json.loads(done.stdout)["sources"]), seconds


def settings() -> dict[str, object]:
    people = {role: role for role in ("authors", "reviewers", "approvers")}
    proposals = {
        "name": "proposals",
        "kind": "folder",
        "path": str(DATA / "kubernetes" / "enhancements-keps.tar.xz"),
        "include": ["*.md"],
        "file_dates": False,
        "handles": "github",
        "community": {"path": "^keps/([^/]+)/"},
        "sidecar": {
            "file": "kep.yaml",
            "fields": {**people, "title": "title", "created": "creation-date", "community": "owning-sig"},
        },
    }
    lessons = {
        "name": "lessons",
        "kind": "table",
        "path": str(DATA / "nasa-llis" / "llis.csv.xz"),
        "id": "LessonId",
        "text": ["Abstract", "Lesson"],
        "month_first": True,
        "fields": {"title": "Title", "authors": "Submitter1", "created": "LessonDate", "community": "Category"},
    }
    return {"home": str(WORK / "home"), "sources": [proposals, lessons]}


def peers_indexing(texts: Sequence[str], count: int) -> dict[str, Took]:
    """What each peer takes for so many of the texts."""
    file: Path = WORK / "passages.jsonl"
    write_passages(file, random.Random(SEED).sample(texts, count))
    return {peer.name: peer.index(file, WORK / peer.folder.name) for peer in PEERS}
