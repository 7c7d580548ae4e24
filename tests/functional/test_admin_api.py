"""Administration over JSON: jobs, schedules, generations, sources, backups, and who may use it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from indexer.domain.jobs import JobKind, JobRequest
from indexer.index.segment import VECTORS
from tests.functional.administered import Administered, until


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Administered]:
    made = Administered(tmp_path)
    yield made
    made.close()


@pytest.fixture
def indexed(place: Administered) -> Administered:
    place.index()
    return place


# A whole journey


def test_a_source_is_scheduled_run_by_a_worker_and_found(place: Administered) -> None:
    assert {source["name"]: source["items"] for source in place.get("/sources")["sources"]} == {"library": 0, "chat": 0}
    place.post("/schedules", 201, {"name": "nightly", "cron": "0 1 * * *", "zone": "Europe/Berlin"})
    asked = place.post("/schedules/nightly/run", 202)
    assert asked["job"]["state"] == "waiting"
    assert "knowwho worker" in asked["note"]
    place.start_worker()
    job = until(lambda: (found := place.get(f"/jobs/{asked['job']['id']}"))["ended"] and found)
    assert (job["state"], job["error"]) == ("done", None)
    assert {entry["source"]: entry["read"] for entry in job["result"]["sources"]} == {"library": 2, "chat": 1}
    found = place.get("/search", q="pads wear")
    assert found["passages"][0]["document"]["title"] == "Pads"
    listed = place.get("/jobs")
    assert listed["note"] is None
    assert [worker["alive"] for worker in listed["workers"]] == [True]
    (schedule,) = place.get("/schedules")["schedules"]
    assert schedule["last_job"]["id"] == job["id"]


# Jobs


def test_a_job_is_written_down_and_waits_where_no_worker_runs(place: Administered) -> None:
    asked = place.post("/jobs", 202, {"kind": "reindex", "sources": ["library"], "full": True})
    job = asked["job"]
    assert (job["kind"], job["state"], job["asked_by"]) == ("reindex", "waiting", "admin")
    assert job["parameters"] == {"sources": ["library"], "full": True}
    assert "No worker is running" in asked["note"]
    assert place.get(f"/jobs/{job['id']}") == job


def test_asking_twice_for_what_waits_already_gives_the_same_job(place: Administered) -> None:
    one, same = (place.post("/jobs", 202, {"kind": "compact"})["job"]["id"] for _ in range(2))
    other = place.post("/jobs", 202, {"kind": "reindex"})["job"]["id"]
    assert one == same != other


def test_jobs_are_listed_newest_first_page_by_page(place: Administered) -> None:
    sent = [place.post("/jobs", 202, {"kind": kind})["job"]["id"] for kind in ("compact", "verify", "analyse")]
    first = place.get("/jobs", limit=2)
    rest = place.get("/jobs", limit=2, cursor=first["next"])
    assert [job["id"] for job in first["jobs"] + rest["jobs"]] == sent[::-1]
    assert rest["next"] is None
    assert place.get("/jobs", state="failed")["jobs"] == []


def test_a_job_is_cancelled_once_and_can_be_retried(place: Administered) -> None:
    job = place.post("/jobs", 202, {"kind": "compact"})["job"]["id"]
    assert "ask for a new one" in place.post(f"/jobs/{job}/retry", 409)["detail"]
    assert place.post(f"/jobs/{job}/cancel", 200)["state"] == "cancelled"
    assert "cancelled already" in place.post(f"/jobs/{job}/cancel", 409)["detail"]
    assert place.post(f"/jobs/{job}/retry", 202)["job"]["state"] == "waiting"


def test_a_dry_run_says_what_would_be_read_and_asks_for_nothing(indexed: Administered) -> None:
    (indexed.folder / "library" / "new.md").write_text("# New\n\nNews.\n")
    (indexed.folder / "chat.jsonl").unlink()
    library, chat = indexed.post("/jobs/plan", 200, {})["sources"]
    assert (library["to_read"], library["to_remove"], library["unchanged"]) == (1, 0, 2)
    assert "chat.jsonl" in chat["error"]
    (full,) = indexed.post("/jobs/plan", 200, {"sources": ["library"], "full": True})["sources"]
    assert (full["to_read"], full["unchanged"]) == (3, 0)
    assert indexed.get("/jobs")["jobs"] == []


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"kind": "dance"}, "kind"),
        ({"kind": "reindex", "sources": ["cellar"]}, "the settings have chat, library"),
        ({"kind": "reindex", "community": "astrology"}, "no community astrology"),
        ({"kind": "compact", "full": True}, "takes no full"),
        ({"kind": "back up", "folder": "/tmp"}, "folder"),
        ({"kind": "reindex", "window": {"begin": "late", "end": "06:00"}}, "22:00-06:00"),
        ({"kind": "reindex", "window": {"begin": "22:00", "end": "06:00", "zone": "Berlin"}}, "no time zone Berlin"),
        ({"kind": "reindex", "items": [["library", "pads.md"]]}, "items"),
    ],
)
def test_a_job_that_cannot_be_is_refused_with_what_could(place: Administered, asked: Any, told: str) -> None:
    problem = place.post("/jobs", 422, asked)
    assert told in problem["detail"]
    assert place.get("/jobs")["jobs"] == []


def test_a_source_that_is_new_in_the_settings_can_be_read_without_a_restart(place: Administered) -> None:
    place.set(sources=[*place.sources, {"name": "cellar", "kind": "folder", "path": str(place.folder)}])
    assert "cellar" in {source["name"] for source in place.get("/sources")["sources"]}
    place.post("/sources/cellar/reindex", 202)


def test_a_settings_file_that_cannot_be_read_is_said_and_does_not_break_the_service(place: Administered) -> None:
    place.config.write_text("home: [")
    assert "not valid YAML" in place.get("/sources", 503)["detail"]
    assert place.get("/health")["status"] == "empty"


# Schedules


def test_a_schedule_is_added_changed_paused_resumed_and_removed(place: Administered) -> None:
    window = {"begin": "22:00", "end": "06:00", "zone": "Europe/Berlin"}
    body = {"name": "nightly", "cron": "30 2 * * *", "zone": "Europe/Berlin", "sources": ["chat"], "window": window}
    added = place.post("/schedules", 201, body)
    assert (added["words"], added["window"], added["parameters"]) == (
        "At 02:30 every day",
        window,
        {"sources": ["chat"]},
    )
    assert len(added["next_runs"]) == 5
    path = "/api/v1/schedules/nightly"
    moved = place.client.patch(path, json={"zone": "America/New_York", "full": True}).json()
    assert moved["window"]["zone"] == "America/New_York"
    assert moved["parameters"] == {"sources": ["chat"], "full": True}
    freed = place.client.patch(path, json={"window": None, "cron": "0 * * * *"}).json()
    assert (freed["window"], freed["words"]) == (None, "At the start of every hour")
    other = place.client.patch(path, json={"kind": "verify"}).json()
    assert (other["kind"], other["parameters"]) == ("verify", {})
    assert place.post("/schedules/nightly/pause", 200)["next_runs"] == []
    assert place.post("/schedules/nightly/resume", 200)["next_runs"]
    assert place.client.delete(path).status_code == 204
    assert place.client.delete(path).status_code == 404


def test_a_name_that_is_taken_conflicts(place: Administered) -> None:
    body = {"name": "nightly", "cron": "0 1 * * *"}
    place.post("/schedules", 201, body)
    assert "another name" in place.post("/schedules", 409, body)["detail"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"cron": "@daily"}, "write five fields"),
        ({"zone": "Berlin"}, "there is no time zone Berlin"),
        ({"name": "Every Night"}, "small letters"),
        ({"sources": ["cellar"]}, "the settings have"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(place: Administered, wrong: dict[str, Any], told: str) -> None:
    assert told in place.post("/schedules", 422, {"name": "nightly", "cron": "0 1 * * *", **wrong})["detail"]
    assert place.get("/schedules")["schedules"] == []


def test_the_next_runs_are_told_before_there_is_a_schedule(place: Administered) -> None:
    found = place.get("/next-runs", cron="0 4 * * 0", zone="Europe/Berlin", count=3)
    assert (found["words"], len(found["next_runs"])) == ("At 04:00 on Sunday", 3)
    assert "five fields" in place.get("/next-runs", 422, cron="now")["detail"]


# Generations


def test_generations_are_listed_rolled_back_to_and_removed(indexed: Administered) -> None:
    first = indexed.get("/generations")["generations"][0]
    assert (first["serves"], first["problem"], first["passages"]) == (True, None, 2)
    (indexed.folder / "library" / "new.md").write_text("# New\n\nSanding gear news.\n")
    indexed.index()
    second, old = indexed.get("/generations")["generations"]
    assert (second["serves"], old["name"]) == (True, first["name"])
    assert indexed.get(f"/generations/{old['name']}") == old
    assert "serves now" in indexed.post(f"/generations/{second['name']}/roll-back", 409)["detail"]
    assert indexed.client.delete(f"/api/v1/generations/{second['name']}").status_code == 409
    done = indexed.post(f"/generations/{old['name']}/roll-back", 200)
    assert (done["generation"], done["before"]) == (old["name"], second["name"])
    assert done["advice"]
    assert indexed.get("/health")["generation"] == old["name"]
    assert indexed.client.delete(f"/api/v1/generations/{second['name']}").status_code == 204
    assert [entry["name"] for entry in indexed.get("/generations")["generations"]] == [old["name"]]


def test_while_a_job_writes_the_home_generations_stay_as_they_are(indexed: Administered) -> None:
    (indexed.folder / "library" / "new.md").write_text("# New\n\nSanding gear news.\n")
    indexed.index()
    old = indexed.get("/generations")["generations"][1]["name"]
    with indexed.home.writing():
        assert "a job is writing the home" in indexed.post(f"/generations/{old}/roll-back", 409)["detail"]
        assert indexed.client.delete(f"/api/v1/generations/{old}").status_code == 409


def test_a_damaged_generation_is_not_rolled_back_to(indexed: Administered) -> None:
    (indexed.folder / "library" / "new.md").write_text("# New\n\nSanding gear news.\n")
    indexed.index()
    first = next(entry for entry in indexed.get("/generations")["generations"] if not entry["serves"])
    for vectors in indexed.home.index.segments.glob(f"*/{VECTORS}"):
        vectors.write_bytes(b"\0" * vectors.stat().st_size)
    assert "damaged" in indexed.post(f"/generations/{first['name']}/roll-back", 409)["detail"]


def test_what_changed_settings_cost_is_told_before_anything_is_done(indexed: Administered) -> None:
    assert indexed.get("/generations/cost")["cost"] == "nothing"
    indexed.set(encoder={"model": "hashing-64"})
    found = indexed.get("/generations/cost")
    assert (found["cost"], found["passages_to_embed"]) == ("full", 2)
    assert [(change["setting"], change["now"], change["work"]) for change in found["changes"]] == [
        ("encoder.model", "hashing-64", "embed")
    ]


def test_verifying_is_a_job(indexed: Administered) -> None:
    assert indexed.post("/generations/verify", 202)["job"]["kind"] == "verify"


# Sources


def test_a_source_tells_its_items_and_what_keeps_failing(indexed: Administered) -> None:
    library = indexed.get("/sources/library")
    assert (library["items"], library["failing"], library["parked"]) == (2, 1, 1)
    assert library["states"] == {"failed": 1, "ok": 1}
    (letter,) = indexed.get("/sources/library/dead-letters")["items"]
    assert (letter["uri"], letter["failures"], letter["next_try"]) == ("broken.pdf", 1, None)
    assert "PDF" in letter["reason"]


def test_a_dead_letter_is_read_again_alone_or_with_all_others(indexed: Administered) -> None:
    path = "/sources/library/dead-letters/retry"
    one = indexed.post(path, 202, {"uri": "broken.pdf"})["job"]
    assert one["parameters"] == {"items": [["library", "broken.pdf"]]}
    assert indexed.get("/sources/library/dead-letters")["items"][0]["next_try"]
    assert indexed.post(path, 202)["job"]["parameters"] == {"sources": ["library"]}
    assert indexed.get("/sources/library")["job"]
    assert "does not fail" in indexed.post(path, 404, {"uri": "pads.md"})["detail"]
    assert "no item of chat" in indexed.post("/sources/chat/dead-letters/retry", 404)["detail"]


def test_a_source_that_has_left_the_settings_is_shown_but_cannot_be_read(indexed: Administered) -> None:
    indexed.set(sources=indexed.sources[1:])
    library = indexed.get("/sources/library")
    assert (library["in_settings"], library["place"], library["items"]) == (False, None, 2)
    assert "chat" in indexed.post("/sources/library/reindex", 422)["detail"]
    assert "no longer in the settings" in indexed.post("/sources/library/dead-letters/retry", 422)["detail"]


def test_a_password_in_an_address_is_not_shown(place: Administered) -> None:
    forum = {"name": "forum", "kind": "forum", "address": "https://ivy:hush@forum.example.org/", "api_key": "k3y"}
    place.set(sources=[forum])
    told = place.client.get("/api/v1/sources").text
    assert "forum.example.org" in told
    assert not any(secret in told for secret in ("hush", "k3y"))


def test_an_overdue_schedule_is_told_with_its_source(place: Administered) -> None:
    place.post("/schedules", 201, {"name": "nightly", "cron": "0 1 * * *", "sources": ["chat"]})
    with place.home.database.begin() as transaction:
        transaction.exec_driver_sql("UPDATE schedules SET last_tick = '2020-01-01 00:00:00.000000'")
    assert "nightly was due" in place.get("/sources/chat")["overdue"]
    assert place.get("/sources/library")["overdue"] is None


# Backups


def test_a_backup_is_made_by_a_worker_and_listed(indexed: Administered) -> None:
    assert indexed.get("/backups")["backups"] == []
    job = indexed.post("/backups", 202)["job"]["id"]
    indexed.start_worker()
    until(lambda: indexed.get(f"/jobs/{job}")["state"] == "done")
    (made,) = indexed.get("/backups")["backups"]
    assert made["generation"] == indexed.get("/health")["generation"]


# Lists and errors


def test_lists_page_by_cursor_without_gap_or_repetition(place: Administered) -> None:
    for name in ("a", "b", "c"):
        place.post("/schedules", 201, {"name": name, "cron": "0 1 * * *"})
    first = place.get("/schedules", limit=2)
    rest = place.get("/schedules", limit=2, cursor=first["next"])
    assert [entry["name"] for entry in first["schedules"] + rest["schedules"]] == ["a", "b", "c"]
    assert rest["next"] is None


@pytest.mark.parametrize("path", ["/jobs", "/schedules", "/generations", "/sources", "/backups"])
def test_a_cursor_that_is_not_ours_and_a_limit_out_of_bounds_are_refused(place: Administered, path: str) -> None:
    assert "cursor" in place.get(path, 422, cursor="tampered")["detail"]
    assert "cursor" in place.get(path, 422, cursor="YWZ0ZXI6bm9uZQ")["detail"]
    assert "limit" in place.get(path, 422, limit=0)["detail"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/jobs/nothing"),
        ("POST", "/jobs/nothing/cancel"),
        ("POST", "/jobs/nothing/retry"),
        ("GET", "/schedules/nothing"),
        ("PATCH", "/schedules/nothing"),
        ("DELETE", "/schedules/nothing"),
        ("POST", "/schedules/nothing/run"),
        ("POST", "/schedules/nothing/pause"),
        ("GET", "/generations/nothing"),
        ("DELETE", "/generations/nothing"),
        ("POST", "/generations/nothing/roll-back"),
        ("GET", "/sources/nothing"),
        ("GET", "/sources/nothing/dead-letters"),
        ("POST", "/sources/nothing/reindex"),
        ("POST", "/sources/nothing/dead-letters/retry"),
        ("GET", "/generations/..%2f..%2fhome"),
    ],
)
def test_what_does_not_exist_is_a_problem_with_404(place: Administered, method: str, path: str) -> None:
    response = place.client.request(method, f"/api/v1{path}", json=None if method == "GET" else {})
    assert response.status_code == 404, response.text
    assert response.headers["content-type"] == "application/problem+json"


def test_a_job_engine_that_cannot_be_reached_keeps_what_was_asked_for(place: Administered) -> None:
    (place.home.folder / "jobs.sqlite").write_text("this is no database, but it is long enough to be taken for one")
    job = place.post("/jobs", 202, {"kind": "compact"})["job"]
    assert place.get(f"/jobs/{job['id']}")["state"] == "waiting"


# What a stranger's page could send


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"Origin": "http://evil.example"}, "another site"),
        ({"Origin": "http://127.0.0.1:3000"}, "another site"),
        ({"Origin": "null"}, "another site"),
        ({"Sec-Fetch-Site": "cross-site"}, "another site"),
        ({"Sec-Fetch-Site": "same-site"}, "another site"),
        ({"Content-Type": "text/plain"}, "application/json"),
        ({"Content-Type": ""}, "application/json"),
    ],
)
def test_what_a_page_of_another_site_could_send_is_refused(
    place: Administered, headers: dict[str, str], told: str
) -> None:
    sent = {"Content-Type": "application/json", **headers}
    response = place.client.post("/api/v1/jobs", content='{"kind": "compact"}', headers=sent)
    assert response.status_code == 403
    assert told in response.json()["detail"]
    assert place.get("/jobs")["jobs"] == []


def test_the_description_names_what_administration_answers(place: Administered) -> None:
    paths = place.get("/openapi.json")["paths"]
    described = {
        operation["operationId"]: set(operation["responses"]) for path in paths.values() for operation in path.values()
    }
    assert {"202", "403", "404", "409", "422"} <= described["retry_job"]
    assert {"201", "403", "409", "422"} <= described["add_schedule"]
    assert {"204", "403", "404", "409"} <= described["remove_generation"]
    assert {"202", "403", "404"} <= described["retry_dead_letters"]
    assert {"200", "403"} <= described["list_backups"]


def test_the_service_runs_no_job_itself(place: Administered) -> None:
    queue = place.app.state.parts.queue
    queue.enqueue(JobRequest(JobKind.COMPACT))
    assert queue.workers() == []
    assert [job.state for job in queue.list_jobs()] == ["waiting"]
