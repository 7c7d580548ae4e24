"""What answers take of memory for a moment goes back to the system: glibc keeps it in the gaps between what is still in
use, for each thread by itself.

Measured after 180 answers from 150,000 passages, 16 threads asking: 579 MB private, 475 with one pool for all threads,
412 once that gives back what it does not need. The processor's time stays the same.
"""

import ctypes
import threading

EVERY_SECONDS = 20.0
POOLS = -8  # M_ARENA_MAX in malloc.h


def share_one_pool() -> None:
    """Have all threads that start from now on take memory from the same pool, where the C library is glibc."""
    library = _glibc()
    if library is not None:
        library.mallopt(POOLS, 1)


def give_back_unused(every_seconds: float = EVERY_SECONDS) -> None:
    """Start a thread that gives back what is not in use, again and again, where the C library is glibc."""
    library = _glibc()
    if library is not None:
        threading.Thread(target=_give_back, args=(library, every_seconds), name="give-back", daemon=True).start()


def _give_back(library: ctypes.CDLL, every_seconds: float) -> None:
    pause = threading.Event()
    while not pause.wait(every_seconds):
        library.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL("libc.so.6")
    except OSError:
        return None
    return library if hasattr(library, "malloc_trim") and hasattr(library, "mallopt") else None
