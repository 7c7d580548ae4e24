"""Whether anybody is shown, told or ranked by anything that they may not read, in many random organisations."""

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path

from scripts.benches.common import Bench
from tests.functional.oracle.comparison import Tally, comparing
from tests.functional.oracle.exactness import compare_with_exact_search
from tests.functional.oracle.homes import Builder, settings_in
from tests.functional.oracle.organisations import random_organisation

PROTOCOL = (
    "random organisations of 8 to 40 documents with every kind of audience, of which everybody may read one, few, many "
    "or all. Six askers each, from nobody to an admin, ask every surface that shows what is written or who wrote it. "
    "Each answer is compared with that of a home which holds only what the asker may read, and looked through for "
    "words that only other documents have. What searches find is compared with an exact search in plain Python"
)
QUESTIONS = 4
SHARES = (0.1, 0.25, 0.5, 0.75)
DIFFERENCES_SHOWN = 20


def main() -> None:
    bench = Bench.start("leaks", PROTOCOL, (), add_options)
    seeds = range(bench.options.seed, bench.options.seed + bench.options.organisations)
    bench.note("organisations", f"{len(seeds)}, seeds {seeds[0]} to {seeds[-1]}")
    tally, start = Tally(), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        differences, searches = compare_all(Path(folder), seeds, tally)
    for difference in differences[:DIFFERENCES_SHOWN]:
        print(f"\n{difference}\n", flush=True)
    bench.note("seconds", round(time.perf_counter() - start))
    for surface, number in sorted(answers_by_surface(tally).items()):
        bench.note(f"answers compared: {surface}", number)
    bench.note("answers compared", f"{tally.cases:,}")
    for part, number in sorted(tally.parts.items()):
        bench.note(f"{part} in the answers", number)
    bench.note("searches compared with an exact one", f"{searches:,}")
    bench.note("askers by the share of documents that they may read", by_share(tally))
    bench.bar("differences", len(differences), "0", not differences)
    bench.finish()


def add_options(options: argparse.ArgumentParser) -> None:
    options.add_argument("--organisations", type=positive, default=15, help="how many; each takes about 16 seconds")
    options.add_argument("--seed", type=int, default=0, help="of the first; the others follow")


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least one")
    return number


def compare_all(folder: Path, seeds: range, tally: Tally) -> tuple[list[str], int]:
    """Every difference, and how many searches were compared with an exact one."""
    settings = settings_in(folder)
    builder = Builder(settings)
    differences: list[str] = []
    searches = 0
    with comparing(settings, builder, tally) as comparer:
        for seed in seeds:
            organisation = random_organisation(seed)
            differences += comparer.compare(organisation, QUESTIONS)
            try:
                searches += compare_with_exact_search(builder, settings, organisation)
            except AssertionError as difference:
                differences.append(f"in {organisation} a search is not exact: {difference}")
    return differences, searches


def answers_by_surface(tally: Tally) -> Counter[str]:
    by_surface: Counter[str] = Counter()
    for (surface, _), number in tally.compared.items():
        by_surface[surface] += number
    return by_surface


def by_share(tally: Tally) -> str:
    """How many askers may read less than each share of all documents, and how many all of them."""
    shares = [readable / number for readable, number in tally.selectivities]
    below = [f"below {limit:.0%} {sum(share < limit for share in shares)}" for limit in SHARES]
    return ", ".join([*below, f"all {sum(share == 1 for share in shares)}", f"askers {len(shares)}"])


if __name__ == "__main__":
    main()
