"""GET /documents/{id}: a document with its text."""

from fastapi import APIRouter

from service.api.schemas import DocumentOut, Problem, document_out
from service.dependencies import UsesReading
from service.directory import view_document

router = APIRouter(tags=["documents"])


@router.get("/documents/{document_id}", operation_id="get_document", responses={404: {"model": Problem}})
def get(reading: UsesReading, document_id: str) -> DocumentOut:
    """A document or thread: text, messages, the people involved, and what took its place."""
    return document_out(view_document(reading.transaction, document_id, reading.readable))
