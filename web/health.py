"""Whether this program lives, and whether it can serve: for whatever watches over it. Says nothing of any case."""

from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from engine.runtime.cipher import VaultError
from engine.runtime.database import check_schema
from engine.runtime.errors import StoreError
from engine.runtime.tables import SCHEMA

router = APIRouter(prefix="/health", include_in_schema=False)

STALE = timedelta(minutes=2)
"""A worker that has not looked for work for so long is stuck."""


@router.get("/live")
def live() -> dict[str, str]:
    """The program answers. If it does not, start it again."""
    return {"status": "live"}


@router.get("/ready")
def ready(request: Request) -> JSONResponse:
    """The database can be used, and the worker, where this program has one, works. If not, send requests elsewhere."""
    desks = request.app.state.desks
    caseway = desks.caseway
    said: dict[str, Any] = {
        "status": "ready", "database": caseway.database.dialect, "schema": SCHEMA,
        "durability": "unsafe" if caseway.database.unsafe else "full",  # R6
    }  # fmt: skip
    try:
        check_schema(caseway.database)
    except (StoreError, VaultError):  # why it is so is for the log, not for everybody
        return JSONResponse(said | {"status": "database"}, 503)
    looked = caseway.looked
    if looked is not None and caseway.clock.now() - looked > STALE:
        return JSONResponse(said | {"status": "worker"}, 503)
    return JSONResponse(said | {"worker": "elsewhere" if looked is None else "here"})
