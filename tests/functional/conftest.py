"""A small organisation, read by the real pipeline, and its pages over HTTP."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from indexer.embedding import open_encoder
from indexer.home import Home
from indexer.pipeline import reindex
from indexer.settings import load_settings
from service.app import create_app
from service.settings import ServiceSettings

SETTINGS = """
home: home
encoder: {model: hashing}
parsing: {workers: 1}
search: {least_relevance: 0.05, page_size: 4}
experts: {least_relevance: 0.05, least_score: 0.0}
verdict: {known: 0.05, read: 0.1, ask: 0.01}
sources:
  - {name: directory, kind: directory, path: directory.yaml}
  - {name: library, kind: folder, path: library, handles: chat, file_dates: false, community: {path: "^([^/]+)/"}}
  - {name: chat, kind: threads, path: chat.jsonl, handles: chat}
"""

DIRECTORY = """
people:
  - id: ada
    name: Ada Marlow
    addresses: [ada@example.org]
    handles: {chat: ada}
    unit: Brake Systems
    place: Fulda
    languages: [de, en]
  - {id: bo, name: Bo <i>Lund</i>, handles: {chat: bo}}
  - {id: dieter, name: Dieter Holm, addresses: [dieter@example.org], handles: {chat: dieter}, left: 2022-06-30}
communities:
  - {slug: brakes, name: Brakes & Air, domain: Everything that stops a train., stewards: [ada]}
  - {slug: doors, name: Doors}
  - {slug: secrets, name: Hushed Affairs, domain: Not for everybody., visibility: members, stewards: [ada]}
"""

LIBRARY = {
    "brakes/squeal.md": """---
title: Why brakes squeal <script>alert("t")</script>
authors: [{handle: ada}]
reviewers: [{handle: bo}]
created: 2021-05-04
updated: 2024-02-03
status: verified
url: https://library.example.org/squeal
---
## Causes

Worn pads make brakes squeal <b>loudly</b> in the morning.

- first cause
  - a cause below it
- [x] checked cause

## Remedies

1. Chamfer the pads.
2. Clean the pins.

| Pad | Angle |
|-----|-------|
| K12 | 20 degrees |

```
torque = 195  # Nm & dry
```

> Somebody else said so.
""",
    "brakes/squeal-2018.md": """---
title: Squealing brakes in 2018
authors: [{handle: dieter}]
created: 2018-01-15
status: superseded
superseded_by: brakes/squeal.md
url: "javascript:alert(1)"
---
Old advice on brakes that squeal: grease them.
""",
    "secrets/plan.md": """---
title: The Zanzibar file
authors: [Mallory Quill]
reviewers: [{handle: ada}]
created: 2024-04-01
---
Brakes squeal in Zanzibar and nobody may know.
""",
    **{
        f"brakes/note-{number}.md": f"---\ntitle: Note {number} on pads\nauthors: [{{handle: ada}}]\n"
        f"created: 2020-0{number}-10\n---\nNote {number}: pads squeal when brakes are cold.\n"
        for number in range(1, 8)
    },
}


def message(number: int, author: str, at: str, text: str, **more: object) -> dict[str, object]:
    return {"number": number, "author": author, "at": f"{at}T09:00:00Z", "text": text, **more}


THREADS = [
    {
        "id": "t-1",
        "title": "Brakes squeal <img src=x onerror=alert(1)>",
        "community": "brakes",
        "url": "https://chat.example.org/t-1",
        "messages": [
            message(1, "bo", "2025-03-01", "My brakes squeal <u>always</u>. Why?"),
            message(2, "ada", "2025-03-02", "Chamfer the pads of squealing brakes.", likes=3, accepted=True),
            message(3, "unknown", "2025-03-03", "Thanks, that helped."),
        ],
    },
    {
        "id": "t-2",
        "title": "Door step sensor DCU-F209",
        "community": "doors",
        "messages": [
            message(1, "ada", "2024-06-01", "Code DCU-F209 on the sliding step, who knows it?"),
            message(2, "bo", "2024-06-01", "Clean the end sensor of the sliding step."),
        ],
    },
    {
        "id": "t-3",
        "title": "Operation Nightingale",
        "community": "secrets",
        "messages": [
            message(1, "mallory", "2025-06-01", "The brakes squeal during Nightingale."),
            message(2, "ada", "2025-06-02", "Tell nobody about Nightingale."),
        ],
    },
]


@pytest.fixture(scope="session")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> ServiceSettings:
    """Settings of an indexed home: two open communities, and one for members only."""
    folder = tmp_path_factory.mktemp("organisation")
    _write(folder)
    settings = load_settings(ServiceSettings, folder / "knowwho.yaml")
    home = Home(settings.home)
    result = reindex(home, open_encoder(settings.encoder), settings, settings.sources)
    home.close()
    assert [source.error for source in result.sources] == [None, None, None]
    return settings


@pytest.fixture(scope="session")
def make_app(organisation: ServiceSettings) -> Callable[[], FastAPI]:
    """Makes an application over the organisation; its model loads when the application starts."""
    return lambda: create_app(organisation, Home(organisation.home), open_encoder(organisation.encoder))


@pytest.fixture(scope="session")
def client(make_app: Callable[[], FastAPI]) -> Iterator[TestClient]:
    """A visitor who has not signed in, of a service whose model is loaded."""
    app = make_app()
    with TestClient(app) as visitor:
        app.state.parts.index.load_model()
        yield visitor


def _write(folder: Path) -> None:
    (folder / "knowwho.yaml").write_text(SETTINGS, encoding="utf-8")
    (folder / "directory.yaml").write_text(DIRECTORY, encoding="utf-8")
    (folder / "chat.jsonl").write_text("\n".join(map(json.dumps, THREADS)), encoding="utf-8")
    for name, text in LIBRARY.items():
        file = folder / "library" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
