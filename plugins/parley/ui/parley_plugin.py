"""Airflow's plugin: the pages, and the listener.

Every process of Airflow imports this file, so it imports nothing that is heavy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from airflow.plugins_manager import AirflowPlugin

from parley import listeners as parley_listeners

Message = MutableMapping[str, Any]
PREFIX = "parley"


async def pages(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """The ASGI application of the pages, which the first request imports."""
    app = await asyncio.to_thread(_import)
    await app(scope, receive, send)


def _import() -> Any:
    from parley.ui.app import app

    return app


class ParleyPages(AirflowPlugin):
    """Loads, Dashboard and Docs in Airflow's navigation. The addresses are relative: Airflow may live below a path."""

    name = "parley"
    listeners = [parley_listeners]  # noqa: RUF012
    fastapi_apps = [{"name": "parley", "app": pages, "url_prefix": f"/{PREFIX}"}]  # noqa: RUF012
    external_views = [  # noqa: RUF012
        {
            "name": title,
            "href": f"{PREFIX}/{route}",
            "url_route": route,
            "destination": "nav",
            "nav_top_level": True,
            "icon": f"{PREFIX}/static/{route}.svg",
            "icon_dark_mode": f"{PREFIX}/static/{route}-dark.svg",
        }
        for title, route in (("Loads", "loads"), ("Dashboard", "dashboard"), ("Docs", "docs"))
    ]
