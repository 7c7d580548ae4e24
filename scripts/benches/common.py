"""What every bench shares: data, cache, machine, bars."""

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
DATA = CHECKOUT.parent / "shared" / "data"
CACHE = Path(os.environ.get("KNOWWHO_BENCH_CACHE", Path.home() / ".cache" / "knowwho-bench"))
FALLS_SHORT = 1
CANNOT_RUN = 2


@dataclass
class Bench:
    """Collects the figures of one bench and says at the end which bars hold."""

    name: str
    json_file: Path | None
    figures: dict[str, Any] = field(default_factory=dict)
    short: list[str] = field(default_factory=list)
    options: argparse.Namespace = field(default_factory=argparse.Namespace)

    @classmethod
    def start(
        cls,
        name: str,
        protocol: str,
        data: tuple[str, ...],
        add_options: Callable[[argparse.ArgumentParser], None] = lambda _: None,
    ) -> "Bench":
        """Read the options, say what is measured on which machine; exit 2 where the data are absent."""
        options = argparse.ArgumentParser(prog=f"scripts/bench {name}", description=protocol)
        options.add_argument("--json", type=Path, help="write the figures to this file")
        add_options(options)
        chosen = options.parse_args()
        missing = [str(DATA / part) for part in data if not (DATA / part).exists()]
        if missing:
            print(f"cannot run: {', '.join(missing)} is not here", file=sys.stderr)
            sys.exit(CANNOT_RUN)
        bench = cls(name, chosen.json, options=chosen)
        bench.note("bench", name)
        bench.note("machine", machine())
        bench.note("data", ", ".join(data))
        bench.note("protocol", protocol)
        return bench

    def note(self, name: str, value: Any) -> None:
        """Print and keep a figure that has no bar."""
        print(f"{name}: {value}", flush=True)
        self.figures[name] = value

    def bar(self, name: str, figure: float, bar: str, holds: bool) -> None:
        """Print and keep a figure with its bar."""
        print(f"bar {name}: {figure:g} ({bar}) {'holds' if holds else 'falls short'}", flush=True)
        self.figures[name] = {"figure": figure, "bar": bar, "holds": holds}
        if not holds:
            self.short.append(name)

    def finish(self) -> None:
        """Write the JSON file if one is asked for; exit 1 where a bar falls short."""
        if self.json_file:
            self.json_file.write_text(json.dumps(self.figures, indent=2, default=str))
        sys.exit(FALLS_SHORT if self.short else 0)


def machine() -> str:
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.processor(),
    )
    return f"{os.cpu_count()} x {model}, Python {platform.python_version()}"


def knowwho(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does; its messages go to this terminal, its output comes back."""
    command = [sys.executable, "-m", "service.cli", *map(str, arguments)]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, cwd=CHECKOUT)
