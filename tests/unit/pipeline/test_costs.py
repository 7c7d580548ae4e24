"""Every setting says what its change costs."""

from typing import Any, get_args

import pytest
from pydantic import BaseModel

from indexer.embedding.choice import DECIDING
from indexer.pipeline.costs import COSTS, Cost, cost_of, settings_that_cost
from indexer.pipeline.digests import ONLY_LISTING, SPLIT_AGAIN
from indexer.settings import Settings, SourceSettings, load_settings
from service.settings import ServiceSettings


def keys_of(model: type[BaseModel], before: str = "") -> set[str]:
    """The dotted keys of all settings; those of sources as far as their own fields."""
    found = set()
    for name, field in model.model_fields.items():
        kind: Any = field.annotation
        if name == "sources":
            kinds = get_args(get_args(SourceSettings)[0])
            found |= {f"sources.{inner}" for source in kinds for inner in source.model_fields}
        elif isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= keys_of(kind, f"{before}{name}.")
        else:
            found.add(f"{before}{name}")
    return found


@pytest.mark.parametrize("key", sorted(keys_of(ServiceSettings)))
def test_the_cost_of_a_setting_is_declared(key: str) -> None:
    assert cost_of(key).effect


def test_nothing_is_declared_that_is_no_setting() -> None:
    keys = keys_of(ServiceSettings)
    assert {key for key in COSTS if key not in keys and not any(one.startswith(f"{key}.") for one in keys)} == set()


def test_a_setting_that_nobody_declared_is_an_error() -> None:
    with pytest.raises(KeyError):
        cost_of("passages.overlap")


def test_the_costs_are_those_that_reading_and_embedding_go_by() -> None:
    free = {f"sources.{name}" for name in ONLY_LISTING}
    assert {cost_of(key).cost for key in free} == {Cost.NOTHING}
    assert {cost_of(f"passages.{name}").cost for name in SPLIT_AGAIN} == {Cost.PARTIAL}
    embedded = {key.partition(".")[2] for key in COSTS if key.startswith("encoder.") and cost_of(key).cost is Cost.FULL}
    assert embedded == set(DECIDING) - {"precision"}


def test_what_a_generation_notes_holds_no_secret() -> None:
    settings = load_settings(Settings, None)
    assert not [key for key in settings_that_cost(settings) if "key" in key or "database" in key]
