"""Builds a home from real organisations' data and asks it what their practitioners would ask."""

import json
import shutil
import tarfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from indexer.embedding import open_encoder
from indexer.home import Home
from indexer.passages import indexed_text
from indexer.settings import load_settings
from indexer.store import passages
from scripts.benches.common import CACHE, DATA, Bench, knowwho
from service.auth import ANONYMOUS
from service.experts import Answer, answer
from service.search import OpenIndex, parse_query
from service.settings import ServiceSettings

PROTOCOL = (
    "index Kubernetes proposals and community files, NASA lessons, JOSE papers and the Urho3D forum into a new home "
    "with the default settings, index again, encode every eighth batch of the same passages with the encoder alone "
    "(scaled to all), then ask questions"
)
SETS = ("kubernetes", "nasa-llis", "jose-papers", "urho3d-forum")
WORK = CACHE / "real"
SAMPLED = 8
PASSAGES_A_CALL = 512
OTHER_CATEGORIES = ("6", "7", "9", "11", "12", "13", "14", "15", "16", "17")  # the set does not name them
QUESTIONS = (
    "in-place pod resize",
    "who knows the CSI migration",
    "arc flash in a manhole",
    "how do I make a physics raycast hit a trigger",
    "how does the scheduler choose a node when several pods must start together",
    "structured authentication configuration for the API server",
    "rotating service account signing keys without downtime",
    "user namespaces for stateless pods",
    "who reviews changes to kube-proxy nftables",
    "what happens to a pod when the node shuts down gracefully",
    "dynamic resource allocation for GPUs",
    "how do I become a reviewer in SIG Docs",
    "storage version migration of custom resources",
    "annual report of SIG Windows",
    "hydrogen leak during propellant loading",
    "bolt torque and preload loss after vibration test",
    "battery cell failure on a spacecraft",
    "electrostatic discharge damage while handling flight hardware",
    "software requirement changed late and the test was not repeated",
    "teaching reproducible research with R",
    "notebooks for teaching computational physics",
    "shadow map flickers on Android",
    "character controller slides down slopes with Bullet",
    "load a scene asynchronously with a progress bar",
    "AngelScript or Lua performance",
)


def main() -> None:
    bench = Bench.start("real", PROTOCOL, SETS)
    config = prepare()
    first_seconds, first = timed_index(config)
    settings = load_settings(ServiceSettings, config)
    home = Home(settings.home)
    report = json.loads(knowwho("--config", config, "report", "--json").stdout)
    read = sum(entry["read"] for entry in first["sources"])
    bench.note("documents", read)
    bench.note("passages embedded", sum(entry["passages_embedded"] for entry in first["sources"]))
    bench.note("states", report["counts"])
    for entry in report["items"]:
        print(f"  {entry['state']}: {entry['source']}/{entry['uri']}: {entry['reason']}")
    failed = [entry["error"] for entry in first["sources"] if entry["error"]]
    unexplained = [entry for entry in report["items"] if not entry["reason"]]
    bench.bar(
        "sources that failed, items without a reason", len(failed) + len(unexplained), "0", not failed + unexplained
    )
    second_seconds, second = timed_index(config)
    bench.note("first index, seconds", round(first_seconds, 1))
    bench.note("second index, seconds", round(second_seconds, 1))
    work = sum(entry["read"] + entry["passages_embedded"] for entry in second["sources"])
    bench.bar("items read and passages embedded by the second index", work, "0", work == 0)
    share = second_seconds / first_seconds
    bench.bar("second index / first index", round(share, 4), "under 0.05", share < 0.05)
    alone = encoder_seconds(home, settings)
    bench.note("encoder alone, seconds", round(alone, 1))
    ratio = first_seconds / alone
    bench.bar("first index / encoder alone", round(ratio, 3), "at most 1.25", ratio <= 1.25)
    ask(bench, home, settings)
    bench.finish()


def prepare() -> Path:
    """Unpack what has to be turned into a directory, and write the settings; gives the settings file."""
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    with tarfile.open(DATA / "kubernetes" / "community.tar.xz") as archive:
        names = (name for name in archive.getnames() if name.rpartition("/")[2] == "sigs.yaml")
        member = archive.extractfile(min(names, key=len))  # the others are test data of a generator
        groups = yaml.safe_load(member.read() if member else b"")
    (WORK / "kubernetes.yaml").write_text(yaml.safe_dump(directory_of(groups)))
    config = WORK / "knowwho.yaml"
    config.write_text(yaml.safe_dump(settings_values()))
    return config


def directory_of(groups: dict[str, Any]) -> dict[str, Any]:
    """A directory file from sigs.yaml: groups are communities, chairs and tech leads their leads."""
    people: dict[str, dict[str, Any]] = {}
    communities, memberships = [], []
    for group in [*groups["sigs"], *groups["workinggroups"]]:
        slug = group["dir"]
        domain = " ".join((group.get("mission_statement") or group["name"]).split())
        communities.append(
            {"slug": slug, "name": f"{'SIG' if slug.startswith('sig') else 'WG'} {group['name']}", "domain": domain}
        )
        leaders = {
            leader["github"].casefold(): leader
            for role in ("chairs", "tech_leads")
            for leader in group.get("leadership", {}).get(role) or ()
        }
        for handle, leader in leaders.items():
            people[handle] = {"id": handle, "name": leader["name"], "handles": {"github": handle}}
            if leader.get("company"):
                people[handle]["unit"] = leader["company"]
            memberships.append({"person": handle, "community": slug, "role": "lead"})
    return {"people": list(people.values()), "communities": communities, "memberships": memberships}


def settings_values() -> dict[str, Any]:
    roles = {role: role for role in ("authors", "reviewers", "approvers")}
    return {
        "home": str(WORK / "home"),
        "sources": [
            {"name": "kubernetes", "kind": "directory", "path": str(WORK / "kubernetes.yaml")},
            {
                "name": "keps",
                "kind": "folder",
                "path": str(DATA / "kubernetes" / "enhancements-keps.tar.xz"),
                "include": ["*.md", "*.pdf"],
                "file_dates": False,
                "handles": "github",
                "community": {"path": "^keps/([^/]+)/"},
                "url": "https://github.com/kubernetes/enhancements/blob/master/{path}",
                "sidecar": {
                    "file": "kep.yaml",
                    "fields": {**roles, "title": "title", "created": "creation-date", "community": "owning-sig"},
                },
            },
            {
                "name": "community",
                "kind": "folder",
                "path": str(DATA / "kubernetes" / "community.tar.xz"),
                "include": ["*.md", "*.pdf"],
                "file_dates": False,
                "handles": "github",
                "community": {"path": "^((?:sig|wg)-[^/]+)/"},
                "url": "https://github.com/kubernetes/community/blob/master/{path}",
            },
            {
                "name": "lessons",
                "kind": "table",
                "path": str(DATA / "nasa-llis" / "llis.csv.xz"),
                "id": "LessonId",
                "text": ["Abstract", "Lesson"],
                "month_first": True,
                "fields": {
                    "title": "Title",
                    "authors": "Submitter1",
                    "created": "LessonDate",
                    "community": "Category",
                    "url": "url",
                },
            },
            {
                "name": "papers",
                "kind": "folder",
                "path": str(DATA / "jose-papers" / "jose-papers.tar"),
                "include": ["*.pdf"],
                "file_dates": False,
                "community": "open-source-education",
                "sidecar": {
                    "file": "*.crossref.xml",
                    "fields": {
                        "title": "journal_article/titles/title",
                        "authors": "journal_article/contributors/person_name",
                        "created": "journal_article/publication_date",
                        "url": "journal_article/doi_data/resource",
                    },
                },
                "month_first": True,
            },
            {
                "name": "urho3d",
                "kind": "forum",
                "path": str(DATA / "urho3d-forum" / "topics-2014-2018.tar.xz"),
                "community": {"names": {"10": "urho3d-support", **dict.fromkeys(OTHER_CATEGORIES, "urho3d")}},
                "url": "https://discourse.urho3d.io/t/{slug}/{id}",
            },
        ],
    }


def timed_index(config: Path) -> tuple[float, dict[str, Any]]:
    start = time.monotonic()
    finished = knowwho("--config", config, "index", "--json")
    seconds = time.monotonic() - start
    if finished.returncode not in (0, 3):
        raise SystemExit(f"knowwho index ended with {finished.returncode}")
    return seconds, json.loads(finished.stdout)


def encoder_seconds(home: Home, settings: ServiceSettings) -> float:
    """How long the encoder takes for the home's passages, in long calls.

    Measured on every eighth batch, which is about six thousand passages of all sources, and scaled; its start counts.
    """
    with home.database.read() as transaction:
        ids = passages.passage_ids(transaction)
        texts = [indexed_text(p.title, p.heading, p.text) for p in passages.indexable_passages(transaction, ids)]
    start = time.monotonic()
    encoder = open_encoder(settings.encoder)
    encoder.encode_query("ready")
    ready = time.monotonic()
    encoded = 0
    for first in range(0, len(texts), SAMPLED * PASSAGES_A_CALL):
        batch = texts[first : first + PASSAGES_A_CALL]
        encoder.encode_passages(batch)
        encoded += len(batch)
    return ready - start + (time.monotonic() - ready) * len(texts) / encoded


def ask(bench: Bench, home: Home, settings: ServiceSettings) -> None:
    index = OpenIndex(home, open_encoder(settings.encoder))
    index.load_model()
    took = []
    silent = 0
    for question in QUESTIONS:
        found = answer(home, index, parse_query(question, limit=3), ANONYMOUS, settings)
        took.append(found.took_ms)
        silent += not found.page.hits or not found.people
        show(question, found)
    bench.note("milliseconds a question, median", float(np.median(took)))
    bench.bar("questions without passages or people", silent, "0", silent == 0)


def show(question: str, found: Answer) -> None:
    print(f"\n? {question}\n  {found.verdict.kind}: {found.verdict.sentence}")
    for hit in found.page.hits:
        document, heading = hit.passage.document, hit.passage.locator.heading or ""
        print(f"  {hit.relevance:.2f} {document.title} [{document.kind}, {document.community}] {heading}")
        print(f"       {''.join(text for text, _ in hit.extract)[:200]!r}")
    for ranked in found.people[:4]:
        reasons = "; ".join(f"{e.role}: {e.passage.document.title}" for e in ranked.evidence[:2])
        print(f"  @ {ranked.person.name} ({ranked.confidence}, {ranked.score:.2f}): {reasons}")


if __name__ == "__main__":
    main()
