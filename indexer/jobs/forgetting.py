"""Making the job engine forget what it keeps of jobs that have ended, which may name people who were erased."""

from indexer.home import Home
from indexer.jobs.engine import JobEngine
from indexer.store import jobs


def forget_ended(home: Home, engine: JobEngine) -> None:
    """Drop the engine's records of ended jobs; the home's own records of them stay. JobsUnavailable."""
    with home.database.read() as transaction:
        ended = [job.id for job in jobs.list_jobs(transaction) if job.state.ended]
    engine.forget(ended)
    engine.forget_deleted()
