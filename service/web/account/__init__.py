"""Signing in and out, and the pages on which people look after their own account."""

from fastapi import APIRouter

from service.web.account import links, openid, overview, sign_in, tokens

router = APIRouter()
for module in (sign_in, openid, links, overview, tokens):
    router.include_router(module.router)

__all__ = ["router"]
