"""The application: settings, database sessions and the routers of each domain."""

from fastapi import FastAPI

from .database import session_factory
from .routers import admin, auth, debug, deals, items, login, notices, reviews, users
from .settings import Settings

ROUTERS = (login, auth, users, admin, items, deals, reviews, notices, debug)


def create_app(settings: Settings) -> FastAPI:
    app = FastAPI(title="pampam_api", version="1.4.2")
    app.state.settings = settings
    app.state.sessions = session_factory(settings)
    for module in ROUTERS:
        app.include_router(module.router)
    return app
