"""How fast questions are answered over HTTP, beside encoding them alone and beside peers with the same passages."""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import AbstractContextManager, closing
from pathlib import Path
from statistics import median

import numpy as np

from indexer.home import Home
from scripts.benches.common import CACHE, Bench
from scripts.benches.encoders import ORDINARY, OURS, QueryEncoders
from scripts.benches.filters import vectors_of
from scripts.benches.load import ask
from scripts.benches.peers.running import PEERS, Peer, write_passages
from scripts.benches.questions import TELL, questions
from scripts.benches.scale.arithmetic import percentile
from scripts.benches.scale.homes import Built, home_of
from scripts.benches.serving import Server, knowwho_serving
from scripts.benches.speed.runs import keep

PROTOCOL = (
    "a home of the scale bench. Peers hold the same passages with the same vectors, given to them, so that they "
    "encode only questions; each answers with the ten best texts as it is meant to, Knowwho with words and meaning, "
    "extracts, people and their evidence, which is more. Before each peer Knowwho is served and asked, then the peer,"
    " never two at once, each time started anew with the number of processes that it comes with (Knowwho: one a core;"
    " the peers: one) and as many threads as there are cores, and asked 50 questions that do not count. One client "
    "asks 300 questions; encoding one alone is measured before and after, while the server rests, and both the p50 "
    "and the p95 of answers are compared with its median. Then 16 clients, each on a connection that is kept, ask "
    "from a process of their own for some seconds. Medians over all runs; " + TELL
)
WORK = CACHE / "speed" / "querying"
CLIENTS = 16
WARM_UP, ALONE = 50, 300
NAME = "Knowwho"
RATE, P50, PROCESSOR = "answers a second", "milliseconds of an answer, p50", "milliseconds of the processor an answer"


def measure(bench: Bench) -> None:
    built = Built(bench.options.home) if bench.options.home else home_of(bench.options.home_passages)
    bench.note("protocol of querying", PROTOCOL)
    folders = {peer.name: given(bench, peer, built) for peer in PEERS}
    asked = questions(built.database, 20_000)
    encoders = QueryEncoders(built.settings)
    told: dict[str, list[dict[str, float]]] = defaultdict(list)
    for _ in range(bench.options.runs):
        for peer in PEERS:
            told[NAME].append(answers_of(knowwho_serving(built.config), asked, encoders, bench.options.seconds))
            served = peer.serving(folders[peer.name])
            told[peer.name].append(answers_of(served, asked, encoders, bench.options.seconds))
    tell(bench, told)


def tell(bench: Bench, told: dict[str, list[dict[str, float]]]) -> None:
    for name, runs in told.items():
        for figure in runs[0]:
            found = [run[figure] for run in runs]
            spread = f"{min(found):.2f} to {max(found):.2f}"
            bench.note(f"querying: {name}, {figure} (spread)", f"{median(found):.2f} ({spread})")
    for figure in (RATE, P50, PROCESSOR):
        keep(bench, f"querying, {figure}", {name: [run[figure] for run in runs] for name, runs in told.items()})
    ours = {figure: median(run[figure] for run in told[NAME]) for figure in told[NAME][0]}
    for encoder in (OURS, ORDINARY):
        for share, most in ((50, 1.5), (95, 3)):
            times = ours[f"milliseconds of an answer, p{share}"] / ours[f"milliseconds of encoding by {encoder}"]
            bench.bar(f"p{share} / encoding by {encoder}", round(times, 2), f"at most {most}", times <= most)
    rates = {name: median(run[RATE] for run in runs) for name, runs in told.items()}
    fastest = max((peer.name for peer in PEERS), key=rates.__getitem__)
    times = rates[NAME] / rates[fastest]
    bench.bar(f"answers a second / fastest peer ({fastest})", round(times, 2), "at least 3", times >= 3)
    failed = sum(run["answers that were none"] for runs in told.values() for run in runs)
    bench.bar("answers that were none", failed, "0", not failed)


def given(bench: Bench, peer: Peer, built: Built) -> Path:
    """The folder in which a peer has indexed the home's passages with their vectors; made where it is not there yet."""
    peer.install()
    bench.note(f"{peer.name}, {peer.searches}", peer.versions())
    home = Home(built.settings.home)
    with closing(home):
        generation = home.index.open_current()
    assert generation is not None
    folder = WORK / built.folder.name / peer.folder.name
    stamp = folder / generation.manifest.name
    if not stamp.exists():
        file, vectors = folder.parent / "passages.jsonl", folder.parent / "vectors.npy"
        folder.mkdir(parents=True, exist_ok=True)
        write_passages(file, built.texts())
        np.save(vectors, vectors_of(generation))
        took = peer.index(file, folder, vectors)
        bench.note(f"{peer.name}, seconds of indexing with vectors at hand", round(took.wall, 1))
        stamp.touch()
    return folder


def answers_of(
    serving: AbstractContextManager[Server], asked: Sequence[str], encoders: QueryEncoders, seconds: float
) -> dict[str, float]:
    """The figures of one server process."""
    single = asked[WARM_UP : WARM_UP + ALONE]
    with serving as server:
        ask(server.search, asked[:WARM_UP], CLIENTS)
        before = encoders.milliseconds(single[: ALONE // 4])
        alone = ask(server.search, single, 1)
        after = encoders.milliseconds(single[-ALONE // 4 :])
        worked = server.processor()
        many = ask(server.search, asked[WARM_UP + ALONE :], CLIENTS, seconds)
        worked = server.processor() - worked
        memory = server.memory()
    return {
        P50: percentile(alone.milliseconds, 50),
        "milliseconds of an answer, p95": percentile(alone.milliseconds, 95),
        **{f"milliseconds of encoding by {name}": median(before[name] + after[name]) for name in (OURS, ORDINARY)},
        RATE: many.rate,
        "milliseconds of an answer among 16, p50": percentile(many.milliseconds, 50),
        "milliseconds of an answer among 16, p95": percentile(many.milliseconds, 95),
        PROCESSOR: 1000 * worked / len(many.milliseconds),
        "share of a core that asking took": many.processor / many.seconds,
        "answers that were none": alone.failed + many.failed,
        "MB resident": memory.resident / 1e6,
        "seconds from start to the first answer": server.ready_after,
    }
