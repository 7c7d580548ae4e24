"""A small Discourse site on this machine: real HTTP, two topics a page, twenty posts a topic page."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOPICS_A_PAGE = 2
POSTS_A_PAGE = 20
TOLD_IN_LISTINGS = ("id", "title", "last_posted_at", "posts_count", "like_count", "category_id", "has_accepted_answer")
TOLD_BY_TOPICS = ("id", "title", "last_posted_at", "posts_count", "category_id", "slug")


class DiscourseSite:
    """What the site holds; change it between requests. Every `busy_every`-th request is turned away with a 429."""

    def __init__(self) -> None:
        self.topics: dict[int, dict[str, Any]] = {}
        self.categories = [{"id": 4, "name": "Brakes", "subcategory_list": [{"id": 41, "name": "Pads"}]}]
        self.busy_every = 0
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.address = ""

    def add_topic(self, number: int, title: str, *, posts: int = 1, **more: Any) -> None:
        told = {"posts_count": posts, "last_posted_at": f"2024-01-01T00:00:00Z {title}", "category_id": 4, "slug": "s"}
        self.topics[number] = {"id": number, "title": title, **told, **more, "posts": posts}

    def answer(self, path: str, query: dict[str, list[str]]) -> Any:
        match path.strip("/").split("/"):
            case ["latest.json"]:
                return self._listing(int(query["page"][0]))
            case ["categories.json"]:
                return {"category_list": {"categories": self.categories}}
            case ["t", _, "posts.json"]:
                return {"post_stream": {"posts": [_post(int(post)) for post in query["post_ids[]"]]}}
            case ["t", file] if topic := self.topics.get(int(file.removesuffix(".json"))):
                return _topic_page(topic)
        return None

    def _listing(self, page: int) -> Any:
        newest_first = sorted(self.topics.values(), key=lambda topic: -topic["id"])
        shown = newest_first[page * TOPICS_A_PAGE : (page + 1) * TOPICS_A_PAGE]
        more = len(newest_first) > (page + 1) * TOPICS_A_PAGE
        topics = [{key: topic[key] for key in TOLD_IN_LISTINGS if key in topic} for topic in shown]
        return {"topic_list": {"topics": topics} | ({"more_topics_url": f"/latest?page={page + 1}"} if more else {})}


def _topic_page(topic: dict[str, Any]) -> Any:
    stream = [topic["id"] * 1000 + number for number in range(1, topic["posts"] + 1)]
    page = {key: topic[key] for key in TOLD_BY_TOPICS if key in topic}
    return page | {"post_stream": {"stream": stream, "posts": [_post(post) for post in stream[:POSTS_A_PAGE]]}}


def _post(number: int) -> Any:
    return {"id": number, "post_number": number % 1000, "username": "ann", "cooked": f"<p>Post {number}</p>"}


@contextmanager
def running_site() -> Iterator[DiscourseSite]:
    site = DiscourseSite()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            site.requests.append((self.path, dict(self.headers)))
            status, headers, body = site.answers.get(asked.path, (0, {}, b""))
            if site.busy_every and len(site.requests) % site.busy_every == 0:
                status, headers = 429, {"Retry-After": "0"}
            elif not status:
                found = site.answer(asked.path, parse_qs(asked.query))
                status, body = (404, b"{}") if found is None else (200, json.dumps(found).encode())
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site.address = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()
