"""GET /generations, /generations/cost and /generations/{name}, POST /generations/verify and …/roll-back, DELETE."""

from http import HTTPStatus

from service.admin import generations
from service.admin.jobs import note_on_workers
from service.api.administration import CONFLICTING, DEFAULT_LIMIT, UNKNOWN, Cursor, Limit, admin_router
from service.api.generation_schemas import (
    ChangeCostOut,
    GenerationOut,
    GenerationsOut,
    RolledBackOut,
    cost_out,
    generation_out,
    rolled_back_out,
)
from service.api.job_schemas import AcceptedJob, accepted
from service.dependencies import UsesDesk

router = admin_router("generations")


@router.get("/generations", operation_id="list_generations")
def list_all(desk: UsesDesk, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT) -> GenerationsOut:
    """The generations of the index, newest first."""
    found = generations.list_generations(desk, cursor, limit)
    return GenerationsOut(generations=[generation_out(view) for view in found.entries], next=found.next)


@router.get("/generations/cost", operation_id="get_cost_of_settings")
def cost(desk: UsesDesk) -> ChangeCostOut:
    """Which settings have changed, as their file says now, since the generation that serves was made, and what they
    cost. Reads the vectors of the index, and changes nothing."""
    return cost_out(generations.cost_of_settings(desk))


@router.post("/generations/verify", operation_id="verify_generation", status_code=HTTPStatus.ACCEPTED)
def verify(desk: UsesDesk) -> AcceptedJob:
    """Ask for a job that checks every byte of the generation that serves, its counts, and what it finds."""
    return accepted(generations.verify_serving(desk), note_on_workers(desk))


@router.get("/generations/{name}", operation_id="get_generation", responses=UNKNOWN)
def get(desk: UsesDesk, name: str) -> GenerationOut:
    """A generation: what it was made with, its size, whether it could serve."""
    return generation_out(generations.show_generation(desk, name))


@router.post("/generations/{name}/roll-back", operation_id="roll_back_generation", responses={**UNKNOWN, **CONFLICTING})
def roll_back(desk: UsesDesk, name: str) -> RolledBackOut:
    """Let another generation serve, after every byte of it has been checked; searches turn to it at once."""
    return rolled_back_out(generations.roll_back_to(desk, name))


@router.delete(
    "/generations/{name}",
    operation_id="remove_generation",
    status_code=HTTPStatus.NO_CONTENT,
    responses={**UNKNOWN, **CONFLICTING},
)
def remove(desk: UsesDesk, name: str) -> None:
    """Remove a generation that does not serve, with what only it uses."""
    generations.remove(desk, name)
