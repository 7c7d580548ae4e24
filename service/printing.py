"""What several commands print: the reasons for a rank, line by line."""

from collections.abc import Iterable, Iterator

from indexer.cli.base import console
from service.experts import PersonReasons


def print_reasons(sentence: str, steps: Iterable[tuple[str, str]]) -> None:
    """The reasons in a sentence, and the sum below it."""
    console.print(f"   Why: {sentence}", markup=False)
    for what, figures in steps:
        console.print(f"     {what:<12} {figures}", style="dim", markup=False)


def steps_of(reasons: PersonReasons) -> Iterator[tuple[str, str]]:
    """The sum line by line: a line a vote, and what becomes of them."""
    for counted in reasons.votes:
        vote = counted.vote
        above = f"({vote.fit.relevance:.3f} - {reasons.least_relevance})^{reasons.sharpness}"
        factors = f"role {vote.role:.2f} × likes {vote.quality:.2f} × age {vote.age:.3f}"
        factors += f" × community {vote.community:.2f} × {above}"
        factors += f" ÷ {vote.authors} authors" if vote.authors > 1 else ""
        gain = f"+ {counted.decay:.3f} × {factors} = {counted.gain:.4f}"
        yield "Vote", f"{gain}: {vote.part.role}, {counted.document.title}"
    yield "Together", f"= {reasons.total:.4f}"
    yield (
        "Restraint",
        f"÷ {reasons.divisor:.4f} for {reasons.documents} document{'' if reasons.documents == 1 else 's'}",
    )
    if reasons.activity != 1:
        yield "Lately", f"× {reasons.activity:.4f} for {', '.join(entry.community for entry in reasons.active)}"
    if reasons.feedback.factor != 1:
        yield "Feedback", f"× {reasons.feedback.factor:.4f}"
    yield "Score", f"= {reasons.score:.4f}"
