"""The shapes of generations, and of what a change of settings costs."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from pydantic import Field

from indexer.pipeline.costs import ChangeCost, Cost, Work
from indexer.pipeline.generations import RolledBack
from service.admin.generations import GenerationView
from service.api.shape import Shape


class GenerationOut(Shape):
    """A generation of the index; what its manifest says is null where that cannot be read."""

    name: str
    serves: bool
    made: datetime | None
    passages: int | None
    segments: int | None
    model: str | None
    previous: str | None = Field(description="The generation that served before")
    bytes: int
    frees_bytes: int = Field(description="What its removal frees: files that no other generation shares")
    vectors: str | None = Field(description="How the vectors are searched by default, and what that finds")
    problem: str | None = Field(description="Why it cannot serve, as far as a quick look tells")


class GenerationsOut(Shape):
    generations: list[GenerationOut]
    next: str | None = Field(description="The cursor of the next page")


class RolledBackOut(Shape):
    """Which generation serves now in place of which, and what to know about it."""

    generation: str
    before: str | None
    advice: list[str]


class SettingChangeOut(Shape):
    setting: str
    before: Any
    now: Any
    cost: Cost
    work: Work = Field(description="What has to be done again")
    effect: str


class ChangeCostOut(Shape):
    """What the settings ask for that the home does not have yet, in counts of today's content."""

    cost: Cost
    changes: list[SettingChangeOut]
    new_sources: list[str]
    items_to_read: int = Field(description="What a reindex reads again")
    documents: int
    documents_to_split: int = Field(description="What a rebuild splits again")
    passages: int
    passages_to_embed: int = Field(description="What a rebuild embeds")
    estimated: bool = Field(description="Whether the work of a rebuild is estimated from a sample")


def generation_out(view: GenerationView) -> GenerationOut:
    info, manifest = view.info, view.info.manifest
    return GenerationOut(
        name=info.name,
        serves=info.current,
        made=datetime.fromisoformat(manifest.made) if manifest else None,
        passages=manifest.passages if manifest else None,
        segments=len(manifest.segments) if manifest else None,
        model=str(manifest.encoder.get("model") or manifest.fingerprint) if manifest else None,
        previous=manifest.previous if manifest else None,
        bytes=info.size,
        frees_bytes=view.frees,
        vectors=info.vectors,
        problem=info.problem,
    )


def rolled_back_out(done: RolledBack) -> RolledBackOut:
    return RolledBackOut(generation=done.generation, before=done.before, advice=list(done.advice))


def cost_out(cost: ChangeCost) -> ChangeCostOut:
    changes = [
        SettingChangeOut(setting=change.key, before=change.before, now=change.now, **asdict(change.cost))
        for change in cost.changes
    ]
    return ChangeCostOut(
        cost=cost.cost,
        changes=changes,
        new_sources=list(cost.new_sources),
        items_to_read=cost.items_to_read,
        documents=cost.documents,
        documents_to_split=cost.documents_to_split,
        passages=cost.passages,
        passages_to_embed=cost.passages_to_embed,
        estimated=cost.estimated,
    )
