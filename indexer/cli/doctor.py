"""knowwho doctor: whether a home is whole."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import typer

from indexer.cli.base import AsJson, console, errors, print_json, settings_of
from indexer.domain.errors import KnowwhoError
from indexer.embedding import open_encoder, slow_because
from indexer.home import Home
from indexer.jobs.schedules import schedule_health
from indexer.pipeline.doctor import Examination, Finding, examine
from indexer.settings import Settings

NOT_SHOWN = ("items",)


def doctor(
    context: typer.Context,
    as_json: AsJson = False,
) -> None:
    """Check that the home is whole: database, index, disk, jobs, schedules, backups, model; with advice.

    Exit code 1 where something is wrong; what only deserves a look leaves it 0.
    """
    settings = settings_of(context)
    home = Home(settings.home)
    try:
        examined = examine(home, settings)
        findings = [*examined.findings, *_schedules(home, examined), *_model(settings, examined.facts)]
    finally:
        home.close()
    wrong = [finding for finding in findings if finding.wrong]
    notes = [finding for finding in findings if not finding.wrong]
    if as_json:
        print_json({**examined.facts, "problems": _values(wrong), "notes": _values(notes)})
    else:
        _print(examined.facts, wrong, notes)
    if wrong:
        raise typer.Exit(1)


def _schedules(home: Home, examined: Examination) -> Iterator[Finding]:
    if any(finding.area == "database" for finding in examined.findings):
        return
    for problem in schedule_health(home, datetime.now(UTC)):
        yield Finding("schedules", problem, "" if "`knowwho" in problem else "`knowwho schedule list`")


def _model(settings: Settings, facts: dict[str, Any]) -> Iterator[Finding]:
    try:
        encoder = open_encoder(settings.encoder)
        facts["model"] = encoder.fingerprint
        if reason := slow_because(encoder):
            yield Finding("model", reason, "install the versions that config/constraints.txt names", wrong=False)
    except KnowwhoError as error:
        yield Finding("model", str(error), "")


def _values(findings: list[Finding]) -> list[dict[str, str]]:
    return [{"area": finding.area, "problem": finding.told, "advice": finding.advice} for finding in findings]


def _print(facts: dict[str, Any], wrong: list[Finding], notes: list[Finding]) -> None:
    for name, value in facts.items():
        if name not in NOT_SHOWN and value is not None:
            console.print(f"{name.replace('_', ' ')}: {value}", markup=False)
    for finding in wrong:
        errors.print("[red]wrong:[/] ", end="")
        errors.print(_sentence(finding), markup=False)
    for finding in notes:
        console.print("[yellow]note:[/] ", end="")
        console.print(_sentence(finding), markup=False)
    if not wrong:
        console.print("The home is whole.")


def _sentence(finding: Finding) -> str:
    return f"{finding.told}: {finding.advice}" if finding.advice else finding.told
