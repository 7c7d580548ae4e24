"""What an admin does: use cases for jobs, schedules, generations, sources and backups, without HTTP."""

from service.admin.desk import LISTED, MOST_LISTED, NO_WORKER, Desk, Listed

__all__ = ["LISTED", "MOST_LISTED", "NO_WORKER", "Desk", "Listed"]
