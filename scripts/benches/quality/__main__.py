"""Prints every figure of the quality bars with the published ones beside them."""

import time

from scripts.benches.common import Bench
from scripts.benches.quality import dblp, kubernetes, lessons, mlquestions, reviewers, urho3d

PROTOCOL = (
    "each set in a home of its own, indexed and ranked by the product's code with the default model and one set of "
    "default parameters; protocols of shared/data/README.md. Passages: shares of meaning, words and crowding were "
    "chosen on nasa-llis (and on links of the Slicer forum, not printed), with mlquestions in sight. People: sharing "
    "among authors, expansion, candidates, word weight and sharpness were chosen on expert-dblp and expert-reviewers "
    "themselves (no other part is published); community and activity on Kubernetes proposals before 2023 and on "
    "urho3d, with the later proposals in sight"
)
SETS = ("nasa-llis", "mlquestions", "expert-dblp", "expert-reviewers", "kubernetes", "urho3d-forum")


def main() -> None:
    bench = Bench.start("quality", PROTOCOL, SETS)
    start = time.monotonic()
    for part in (dblp, reviewers, lessons, mlquestions, kubernetes, urho3d):
        part.measure(bench)
    minutes = round((time.monotonic() - start) / 60, 1)
    bench.bar("minutes", minutes, "under 30", minutes < 30)
    bench.finish()


if __name__ == "__main__":
    main()
