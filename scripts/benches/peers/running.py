"""The peers: installed, given passages, started as servers."""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from indexer.embedding.models import model_folder
from scripts.benches.common import CACHE, CHECKOUT
from scripts.benches.serving import Server, even, free_port, serving
from scripts.benches.speed.timing import Took

WORK = CACHE / "peers"
SCRIPTS = Path(__file__).parent
CONSTRAINTS = CHECKOUT / "config" / "constraints.txt"
TORCH = "torch==2.13.0"  # another one may bring gigabytes of CUDA along


@dataclass(frozen=True)
class Peer:
    """`script` runs in an environment with what it `requires`; `searches` says how it answers."""

    name: str
    script: str
    requires: tuple[str, ...]
    searches: str

    @property
    def folder(self) -> Path:
        return WORK / self.script.removesuffix(".py").removeprefix("with_")

    def install(self) -> None:
        """Make its environment, or leave it as it is where it has all that is wanted."""
        wanted, stamp = "\n".join((TORCH, *self.requires)), self.folder / "installed"
        if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
            return
        print(f"Installing {', '.join(self.requires)} for a peer …", file=sys.stderr, flush=True)
        shutil.rmtree(self.folder / "venv", ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(self.folder / "venv")], check=True)
        self._python("-m", "pip", "install", "--quiet", "-c", str(CONSTRAINTS), TORCH, *self.requires)
        stamp.write_text(wanted, encoding="utf-8")

    def index(self, passages: Path, folder: Path, vectors: Path | None = None) -> Took:
        """Let it index a JSON Lines file of texts; what that took, its model loaded. Where vectors are given it encodes
        nothing."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        given = [str(vectors)] if vectors else []
        told = self._python(self.script, "index", str(passages), str(folder), model(), *given)
        took = json.loads(told.splitlines()[-1])
        return Took(took["wall"], took["processor"])

    def serving(self, folder: Path) -> AbstractContextManager[Server]:
        """The peer as a server over what it has indexed into a folder."""
        port = free_port()
        command = [self._interpreter, str(SCRIPTS / self.script), "serve", str(folder), model(), str(port)]
        return serving(command, f"http://127.0.0.1:{port}/search?limit=10&query={{}}", environment=environment())

    def versions(self) -> str:
        """The packages it is made of, with their versions."""
        names = {requirement.partition("==")[0].partition("[")[0] for requirement in self.requires}
        listed = json.loads(self._python("-m", "pip", "list", "--format", "json"))
        return ", ".join(f"{found['name']} {found['version']}" for found in listed if found["name"].lower() in names)

    @property
    def _interpreter(self) -> str:
        return str(self.folder / "venv" / "bin" / "python")

    def _python(self, *arguments: str) -> str:
        command = [self._interpreter, *arguments]
        return subprocess.run(
            command, stdout=subprocess.PIPE, text=True, check=True, cwd=SCRIPTS, env=environment()
        ).stdout


PEERS = (
    Peer(
        "sentence-transformers + FAISS",
        "with_faiss.py",
        ("sentence-transformers==6.2.0", "faiss-cpu==1.15.1", "fastapi", "uvicorn"),
        "by vectors (every one up to 50,000 passages, beyond that HNSW), behind FastAPI",
    ),
    Peer("txtai", "with_txtai.py", ("txtai[api]==9.14.0",), "by vectors and BM25 (hybrid), its own API"),
    Peer(
        "Chroma",
        "with_chroma.py",
        ("chromadb==1.5.9", "sentence-transformers==6.2.0", "fastapi", "uvicorn"),
        "by vectors (HNSW), its persistent client behind FastAPI",
    ),
)


def environment() -> dict[str, str]:
    """What a peer runs in: as even as Knowwho's own, but with none of its modules."""
    return {**even(), "PYTHONPATH": "", "ANONYMIZED_TELEMETRY": "False"}


def model() -> str:
    """The folder of the weights that Knowwho and all peers use."""
    return str(model_folder("all-MiniLM-L6-v2", "encoder.model", "sentence-transformers"))


def write_passages(file: Path, texts: Sequence[str]) -> None:
    with file.open("w", encoding="utf-8") as lines:
        lines.writelines(json.dumps(text) + "\n" for text in texts)
