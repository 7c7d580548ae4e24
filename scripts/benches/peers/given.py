"""What each peer's script gets from the bench, and what it says: run by the peer's own Python, so only its packages
are there.

`python with_NAME.py index PASSAGES FOLDER MODEL [VECTORS]` indexes a JSON Lines file of texts into a folder and prints
one line of JSON with the seconds that took, model loaded. VECTORS (.npy) are those of the texts: where they are given,
nothing is encoded. `python with_NAME.py serve FOLDER MODEL PORT` answers `/search?query=…&limit=…` until it is ended.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Index = Callable[[list[str], Path, str, Any], Callable[[], None]]
Serve = Callable[[Path, str, int], None]


def run(prepare: Index, serve: Serve) -> None:
    """Do what the command line says. `prepare` loads the model and gives what indexes the texts."""
    task, *rest = sys.argv[1:]
    if task == "serve":
        folder, model, port = rest
        serve(Path(folder), model, int(port))
        return
    passages, folder, model, *vectors = rest
    texts = [json.loads(line) for line in Path(passages).read_text(encoding="utf-8").splitlines()]
    index = prepare(texts, Path(folder), model, np.load(vectors[0], mmap_mode="r") if vectors else None)
    wall, processor = time.perf_counter(), time.process_time()
    index()
    print(json.dumps({"wall": time.perf_counter() - wall, "processor": time.process_time() - processor}))
