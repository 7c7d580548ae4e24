"""A worker whose parser does what a hostile file would make it do; the file's text says what."""

import os
import signal
import sys
import time
from pathlib import Path

from indexer.domain.content import Block, ParsedDocument
from indexer.parsing import worker

seen = 0


def parse(content, hints):
    global seen  # noqa: PLW0603
    seen += 1
    name, _, argument = content.decode("utf-8", "replace").partition(" ")
    return DEEDS.get(name, answer)(argument)


def answer(_):
    return document(f"{os.getpid()} {seen}")


def document(text):
    return ParsedDocument(title="Answer", blocks=(Block(text),))


def loop(_):
    while True:
        pass


def sleep(seconds):
    time.sleep(float(seconds))
    return answer(_="")


def eat(_):
    return document("x" * len([bytes(1_000_000) for _ in range(10_000)]))


def keep(megabytes):
    kept.append(os.urandom(int(megabytes) * 1_000_000))
    return answer(_="")


def die(_):
    os.kill(os.getpid(), signal.SIGKILL)


def leave(_):
    os._exit(3)


def chatter(_):
    print("Warning: this library likes to talk", flush=True)
    os.write(1, b"\xff" * 100)
    sys.stderr.write("and to complain")
    return document("still fine")


def garbage(_):
    os.write(private_output(), (20).to_bytes(8, "big") + b"\x80\x04garbage of twenty!")
    time.sleep(30)


def flood(_):
    os.write(private_output(), b"\xff" * 8)
    time.sleep(30)


def fork(_):
    if os.fork() == 0:
        time.sleep(30)
    os._exit(0)


def write(path):
    Path(path).write_bytes(b"x")
    return document("written")


def surroundings(_):
    return document(" ".join(sorted(os.environ)))


def break_down(_):
    raise ZeroDivisionError


def dive(_):
    return dive(_)


def private_output():
    """The pipe to the parent, which a hostile file would have to find too."""
    return next(number for number in range(3, 20) if is_pipe(number))


def is_pipe(number):
    try:
        return str(Path(f"/proc/self/fd/{number}").readlink()).startswith("pipe:")
    except OSError:
        return False


kept = []
DEEDS = {
    "loop": loop,
    "sleep": sleep,
    "eat": eat,
    "keep": keep,
    "die": die,
    "leave": leave,
    "chatter": chatter,
    "garbage": garbage,
    "flood": flood,
    "fork": fork,
    "write": write,
    "surroundings": surroundings,
    "break": break_down,
    "dive": dive,
}

if __name__ == "__main__":
    worker.main(parse)
