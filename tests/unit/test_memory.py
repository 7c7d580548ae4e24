"""What was used for a moment goes back to the system, also from between what stays."""

import re
import subprocess
import sys

import pytest

from service.memory import _glibc

PROGRAM = """
import time
from pathlib import Path
from threading import Thread
from service.memory import give_back_unused, share_one_pool

def megabytes():
    told = Path("/proc/self/smaps_rollup").read_text()
    return int(next(line.split()[1] for line in told.splitlines() if line.startswith("Anonymous"))) // 1024

def use_for_a_moment():
    blocks = [bytes(60_000) for _ in range(2000)]
    kept.extend(blocks[::100])

share_one_pool()
kept = []
before = megabytes()
for _ in range(8):
    thread = Thread(target=use_for_a_moment)
    thread.start()
    thread.join()
used = megabytes()
give_back_unused(0.05)
time.sleep(1)
print(before, used, megabytes())
"""


@pytest.mark.skipif(_glibc() is None, reason="the C library keeps memory in another way")
def test_what_threads_used_for_a_moment_is_held_once_and_then_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    before, used, after = map(int, re.findall(r"\d+", done.stdout))
    assert used - before < 2 * 120
    assert after - before < (used - before) / 2
