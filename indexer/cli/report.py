"""knowwho report: what was not read completely, what keeps failing, and whom names may stand for."""

from dataclasses import asdict
from typing import Annotated

import typer

from indexer.cli.base import AsJson, OfSource, console, open_home, print_json, settings_of
from indexer.domain.content import ItemState
from indexer.domain.jobs import DeadLetter
from indexer.identity import find_conflicts
from indexer.store import erased, identities, items

NOT_OK = tuple(state for state in ItemState if state is not ItemState.OK)
PLACEHOLDERS_SHOWN = 50


def report(
    context: typer.Context,
    source: OfSource = None,
    everything: Annotated[bool, typer.Option("--all", help="List items that are ok, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Every item that was not read completely, with the reason; names that may be one person; placeholders."""
    settings = settings_of(context)
    home = open_home(settings)
    with home.database.read() as transaction:
        counts = items.count_states(transaction)
        wanted = tuple(ItemState) if everything else NOT_OK
        listed = items.report_items(transaction, wanted, source)
        failing = items.dead_letters(transaction, source)
        doubles = identities.same_names(transaction)
        nobody = identities.unresolved(transaction)
        still_listed = erased.count_listed(transaction)
        conflicts = find_conflicts(transaction, settings.identity.placeholders)
    if as_json:
        values = {
            "counts": counts,
            "items": [asdict(entry) for entry in listed],
            "failing": [asdict(entry) for entry in failing],
            "same_names": [{"name": name, "people": ids} for name, ids in doubles],
            "conflicts": [list(group) for group in conflicts],
            "erased_but_listed": still_listed,
            "placeholders": [{"identity": str(identity), "documents": count} for identity, count in nobody],
        }
        print_json(values)
        return
    _print_counts(counts)
    for entry in listed:
        console.print(f"{entry.state:>9}  {entry.source}/{entry.uri}: {entry.reason or ''}")
    if failing:
        console.print("\n[bold]What keeps failing[/] (`knowwho retry` has it read again at once)")
        for letter in failing:
            console.print(f"  {letter.source}/{letter.uri}: {_tries(letter)}")
    if doubles:
        console.print("\n[bold]Names that several people bear[/] (one person? give them an alias in the directory)")
        for name, ids in doubles:
            console.print(f"  {name}: {', '.join(ids)}")
    for group in conflicts:
        console.print(f"\n[bold]Taken for one person by some source:[/] {', '.join(group)} (they are kept apart)")
    if still_listed:
        console.print(f"\nThe directory lists {still_listed} people who asked to be erased: remove them there.")
    if nobody:
        console.print("\n[bold]Names that stand for nobody[/] (setting identity.placeholders)")
        for identity, count in nobody[:PLACEHOLDERS_SHOWN]:
            console.print(f"  {identity}: {count} documents")


def _tries(letter: DeadLetter) -> str:
    tried = f"tried {letter.failures} times" if letter.failures > 1 else "tried once"
    if letter.next_try is None:
        return f"{tried}, parked until it changes"
    return f"{tried}, again from {letter.next_try.isoformat(timespec='seconds')} on"


def _print_counts(counts: dict[str, dict[ItemState, int]]) -> None:
    for source, states in counts.items():
        console.print(f"{source}: " + ", ".join(f"{count} {state}" for state, count in states.items()))
