"""The pages of administration as an admin uses them, without scripts."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from indexer.domain.jobs import JobKind, JobRequest
from service.web.admin_phrases import (
    job_words,
    said_duration,
    said_moment,
    said_rate,
    said_size,
    things_need,
    with_code,
)
from tests.functional.administered import Administered, Text, until

PAGES = ("", "/jobs", "/schedules", "/sources", "/sources/library", "/generations", "/generations/cost", "/backups")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Administered]:
    made = Administered(tmp_path)
    yield made
    made.close()


@pytest.fixture
def indexed(place: Administered) -> Administered:
    place.index()
    return place


def page(place: Administered, path: str, status: int = 200) -> Text:
    response = place.client.get(f"/admin{path}")
    assert response.status_code == status, response.text
    return Text(response.text)


# A whole journey


def test_an_admin_schedules_a_source_runs_it_and_finds_what_was_read(place: Administered) -> None:
    assert "Nothing has been indexed yet" in page(place, "").text
    fields = {"name": "nightly", "cron": "30 2 * * *", "zone": "Europe/Berlin", "kind": "reindex", "source": "library"}
    shown = place.send("/admin/schedules", {**fields, "preview": "yes"})
    assert "At 02:30 every day." in Text(shown.text).text
    assert shown.text.count("02:30 CE") == 5
    assert 'value="nightly"' in shown.text
    assert "There is none yet" in shown.text
    added = place.send("/admin/schedules", {**fields, "add": "yes"})
    assert (added.status_code, added.headers["location"]) == (303, "/admin/schedules/nightly")
    ran = place.send("/admin/schedules/nightly/run", {}, on="/admin/schedules/nightly")
    job = ran.headers["location"].removeprefix("/admin")
    waiting = page(place, job)
    assert "Reindex library" in waiting.text
    assert "No worker is running" in waiting.text
    place.start_worker()
    done = until(lambda: (found := page(place, job)) and " done " in found.text and found)
    assert "Run it again" not in done.text
    assert "pads" in place.client.get("/?q=pads+wear").text
    overview = page(place, "").text
    assert "alive" in overview
    assert "last job done" in overview


# What every page holds


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_one_main_heading_no_jump_and_a_name_for_every_control(indexed: Administered, path: str) -> None:
    for found in (page(indexed, path), Text(indexed.client.get(f"/admin{path}").text)):
        assert found.levels.count(1) == 1
        assert not [below for above, below in pairwise(found.levels) if below > above + 1]
        assert len(found.ids) == len(set(found.ids))
        site = [control for control in found.controls if control.get("name") not in ("q", "token")]
        assert all(control["id"] in found.labelled for control in site)


@pytest.mark.parametrize("path", PAGES)
def test_no_page_needs_a_script_or_lets_one_in(indexed: Administered, path: str) -> None:
    response = indexed.client.get(f"/admin{path}")
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    assert response.text.count("<script") == 1
    assert not re.search(r"<[^>]+ (?:style|on\w+)=", response.text)
    assert response.headers["cache-control"] == "no-store"


def test_an_empty_home_says_on_every_page_what_to_do_next(place: Administered) -> None:
    said = {path: page(place, path).text for path in ("/jobs", "/schedules", "/generations", "/backups")}
    assert "No job was asked for yet" in said["/jobs"]
    assert "Most homes want a reindex every night" in said["/schedules"]
    assert "Ask for a reindex" in said["/generations"]
    assert "There is none of this home yet" in said["/backups"]
    place.set(sources=[])
    assert "name no source yet" in page(place, "/sources").text


def test_the_start_page_leads_to_administration_only_for_those_who_may(place: Administered) -> None:
    assert 'href="/admin"' in place.client.get("/").text
    assert "/admin" not in TestClient(place.app).get("/").text
    led = TestClient(place.app).get("/admin?x=1", follow_redirects=False)
    assert (led.status_code, led.headers["location"]) == (303, "/sign-in?next=%2Fadmin%3Fx%3D1")


# Actions


def test_a_form_without_our_token_does_nothing(place: Administered) -> None:
    page(place, "/jobs")
    for fields in ({"kind": "compact"}, {"kind": "compact", "token": "guessed"}):
        response = place.client.post("/admin/jobs", data=fields)
        assert response.status_code == 403
        assert "too old" in response.text
    assert "No job was asked for yet" in page(place, "/jobs").text


def test_a_form_of_another_site_does_nothing_even_with_a_token(place: Administered) -> None:
    token = re.search(r'name="token" value="(\w+)"', place.client.get("/admin/jobs").text)
    assert token is not None
    fields = {"kind": "compact", "token": token[1]}
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        response = place.client.post("/admin/jobs", data=fields, headers=headers)
        assert response.status_code == 403
        assert "another site" in response.text


def test_a_job_is_cancelled_and_run_again(place: Administered) -> None:
    job = place.send("/admin/jobs", {"kind": "compact", "start": "yes"}).headers["location"]
    assert place.send(f"{job}/cancel", {}, on=job).headers["location"] == job
    assert "cancelled" in page(place, job.removeprefix("/admin")).text
    again = place.send(f"{job}/cancel", {}, on="/admin/jobs")
    assert again.status_code == 409
    assert "That does not go now" in again.text
    assert 'href="/admin"' in again.text
    assert place.send(f"{job}/retry", {}, on=job).status_code == 303


def test_a_dry_run_is_shown_on_the_page_and_asks_for_nothing(indexed: Administered) -> None:
    (indexed.folder / "library" / "new.md").write_text("# New\n\nNews.\n")
    shown = indexed.send("/admin/jobs", {"kind": "reindex", "source": "library", "plan": "yes"})
    assert "library 1 0 2" in Text(shown.text).text
    assert "library 1 0 2" in page(indexed, "/sources/library?plan=yes").text
    assert "No job was asked for yet" in page(indexed, "/jobs").text


def test_what_cannot_be_scheduled_is_said_beside_what_was_typed(place: Administered) -> None:
    fields = {"name": "nightly", "cron": "every night", "zone": "UTC", "kind": "reindex", "add": "yes"}
    refused = place.send("/admin/schedules", fields)
    assert refused.status_code == 422
    assert "write five fields" in Text(refused.text).text
    assert 'value="every night"' in refused.text
    half = place.send("/admin/schedules", {**fields, "cron": "0 1 * * *", "begin": "22:00"})
    assert (half.status_code, "when they end" in half.text) == (422, True)
    fine = {**fields, "cron": "0 1 * * *"}
    assert place.send("/admin/schedules", fine).status_code == 303
    assert place.send("/admin/schedules", fine).status_code == 409


def test_a_schedule_is_changed_paused_resumed_and_removed(place: Administered) -> None:
    fields = {"name": "weekly", "cron": "0 4 * * 0", "zone": "UTC", "kind": "back up", "begin": "03:00", "end": "05:00"}
    place.send("/admin/schedules", {**fields, "add": "yes"})
    here = "/admin/schedules/weekly"
    assert "03:00 to 05:00 (UTC)" in page(place, "/schedules/weekly").text
    seen = place.send(here, {"cron": "0 5 * * *", "zone": "Europe/Berlin", "preview": "yes"})
    assert "At 05:00 every day" in seen.text
    assert "At 04:00 on Sunday" in page(place, "/schedules/weekly").text
    place.send(here, {"cron": "0 5 * * *", "zone": "Europe/Berlin", "change": "yes"})
    changed = page(place, "/schedules/weekly").text
    assert "Back up. At 05:00 every day." in changed
    assert "03:00 to 05:00" not in changed
    place.send(f"{here}/pause", {}, on=here)
    assert "None while it is paused." in page(place, "/schedules/weekly").text
    place.send(f"{here}/resume", {}, on=here)
    assert "05:00 CE" in page(place, "/schedules/weekly").text
    assert place.send(f"{here}/remove", {}, on=here).headers["location"] == "/admin/schedules"
    page(place, "/schedules/weekly", 404)


def test_dead_letters_say_why_and_are_tried_again(indexed: Administered) -> None:
    shown = page(indexed, "/sources/library").text
    assert "broken.pdf The PDF is damaged" in shown
    assert "1 item parked: read again only when it changes" in shown
    here = "/admin/sources/library"
    job = indexed.send(f"{here}/retry", {"uri": "broken.pdf"}, on=here).headers["location"]
    assert "Reindex library/broken.pdf" in page(indexed, job.removeprefix("/admin")).text
    assert indexed.send(f"{here}/retry", {}, on=here).status_code == 303
    full = indexed.send(f"{here}/reindex", {"full": "yes"}, on=here).headers["location"]
    assert "Reindex library, in full" in page(indexed, full.removeprefix("/admin")).text


def test_generations_say_in_numbers_what_an_action_does_before_it_does_it(indexed: Administered) -> None:
    (indexed.folder / "library" / "new.md").write_text("# New\n\nSanding gear news.\n")
    indexed.index()
    old = indexed.home.index.names()[0]
    shown = page(indexed, "/generations").text
    assert "searches turn to its 2 passages at once" in shown
    assert re.search(r"This frees [\d.]+ [kM]B|this frees nothing", shown)
    done = indexed.send(f"/admin/generations/{old}/roll-back", {}, on="/admin/generations")
    assert f"{old} serves now" in Text(done.text).text
    assert "next reindex" in done.text
    new = indexed.home.index.names()[-1]
    assert indexed.send(f"/admin/generations/{new}/remove", {}, on="/admin/generations").status_code == 303
    assert new not in indexed.home.index.names()


def test_the_cost_of_changed_settings_is_said_before_a_rebuild(indexed: Administered) -> None:
    indexed.set(encoder={"model": "hashing-64"})
    shown = page(indexed, "/generations/cost").text
    assert "encoder.model hashing hashing-64 full Every passage is embedded again" in shown
    assert "Rebuild: embed 2 passages" in shown
    job = indexed.send("/admin/generations/rebuild", {}, on="/admin/generations/cost").headers["location"]
    assert "Rebuild" in page(indexed, job.removeprefix("/admin")).text


def test_a_backup_and_a_verification_become_jobs(indexed: Administered) -> None:
    for path, on, word in (("/backups", "/backups", "Back up"), ("/generations/verify", "/generations", "Verify")):
        job = indexed.send(f"/admin{path}", {}, on=f"/admin{on}").headers["location"]
        assert word in page(indexed, job.removeprefix("/admin")).text


# What pages say


def test_a_running_job_shows_phase_counts_bar_rate_time_left_and_item(place: Administered) -> None:
    job = place.send("/admin/jobs", {"kind": "reindex", "start": "yes"}).headers["location"]
    told = (
        "state = 'running', worker = 'w1', attempts = 1, started = '2026-01-01 10:00:00.000000', phase = 'reading x', "
    )
    told += "done = 50, total = 200, unit = 'items', item = 'a/<b>.md', phase_started = '2026-01-01 10:00:00.000000', "
    told += "told = '2026-01-01 10:00:25.000000'"
    with place.home.database.begin() as transaction:
        transaction.exec_driver_sql(f"UPDATE jobs SET {told}")
    response = place.client.get(job)
    shown = Text(response.text).text
    assert "Reading x 50 of 200 items 2 items a second about 75 seconds left a/<b>.md" in shown
    assert '<progress max="200" value="50"' in response.text
    assert "&lt;b&gt;.md" in response.text
    assert 'id="live" data-told="The job is running." data-live' in response.text
    assert '<noscript><meta http-equiv="refresh"' in response.text
    overview = place.client.get("/admin").text
    assert "50 of 200 items" in overview
    assert "data-live" in overview


def test_the_overview_says_what_is_wrong_in_sentences(indexed: Administered) -> None:
    indexed.send("/admin/jobs", {"kind": "compact", "start": "yes"})
    indexed.set(sources=indexed.sources[:1])
    shown = page(indexed, "").text
    assert "No worker is running, so jobs wait: start one with knowwho worker" in shown
    assert "1 item is parked" in shown
    assert "Source chat has left the settings" in shown
    assert "There is no backup of this home yet" in shown


NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)


def test_moments_are_said_as_people_say_them_on_the_clock_of_the_zone() -> None:
    told = [datetime(2026, 3, 20, 23, 30, tzinfo=UTC), datetime(2026, 3, 19, 1, tzinfo=UTC)]
    assert [said_moment(moment, NOW, "Europe/Berlin") for moment in told] == [
        "tomorrow at 00:30 CET",
        "yesterday at 02:00 CET",
    ]
    assert said_moment(datetime(2026, 4, 1, 1, tzinfo=UTC), NOW, "UTC") == "1 April at 01:00 UTC"
    assert said_moment(datetime(2027, 4, 1, 1, tzinfo=UTC), NOW, "UTC") == "1 April 2027 at 01:00 UTC"


def test_durations_rates_and_sizes_are_said_in_fitting_units() -> None:
    seconds = (0.2, 1, 90, 600, 7500, 7200, 400_000)
    assert [said_duration(value) for value in seconds] == [
        "less than a second",
        "1 second",
        "90 seconds",
        "10 minutes",
        "2 hours 5 minutes",
        "2 hours",
        "5 days",
    ]
    assert [said_rate(rate, "items") for rate in (1400.4, 0.5, 0.001)] == [
        "1,400 items a second",
        "30 items a minute",
        "4 items an hour",
    ]
    assert [said_size(size) for size in (0, 640_000, 3_210_000, 1_400_000_000_000)] == [
        "0 bytes",
        "640 kB",
        "3.2 MB",
        "1,400.0 GB",
    ]


def test_a_job_is_called_by_what_it_is_about() -> None:
    said = [
        job_words(JobRequest(JobKind.REINDEX, parameters))
        for parameters in (
            {},
            {"sources": ["library", "chat"], "full": True},
            {"community": "brakes"},
            {"items": [["library", "a.md"]]},
            {"items": [["library", "a.md"], ["library", "b.md"]]},
        )
    ]
    assert said == [
        "Reindex every source",
        "Reindex library, chat, in full",
        "Reindex community brakes",
        "Reindex library/a.md",
        "Reindex 2 items",
    ]
    assert job_words(JobRequest(JobKind.BACK_UP)) == "Back up"


def test_commands_in_a_sentence_are_set_as_code_and_nothing_else_becomes_markup() -> None:
    assert with_code("run `knowwho index` <now>") == "Run <code>knowwho index</code> &lt;now&gt;."
    assert with_code("archive: it is gone") == "archive: it is gone."
    assert [things_need(number) for number in (1, 2, 30)] == ["One thing needs", "Two things need", "30 things need"]
