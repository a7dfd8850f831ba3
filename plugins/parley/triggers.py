"""Triggers: what the triggerer watches while no task runs. It does not load DAG files, so they live here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from parley.errors import WarehouseBusyError, WarehouseUnreachableError
from parley.pipelines import get_pipeline
from parley.registered_loads import register_arrived
from parley.warehouse import Warehouse


def new_loads(pipeline_name: str) -> list[str] | None:
    """The new loads of a pipeline; None when the warehouse is in use by another process.

    Raises:
        WarehouseUnreachableError: it is away.
    """
    warehouse = Warehouse.from_env()
    pipeline = get_pipeline(pipeline_name)
    if not warehouse.exists():
        return []
    try:
        register_arrived(pipeline, warehouse)
        with warehouse.connect(read_only=True, wait=0) as connection:
            return pipeline.ledger.new(connection)
    except WarehouseBusyError:
        return None


class NewLoadsTrigger(BaseTrigger):
    """Fires when a pipeline has new loads, or at a given time with none.

    Args:
        pipeline_name: whose loads.
        poll_seconds: between two looks.
        give_up_at: epoch seconds.
    """

    def __init__(self, pipeline_name: str, poll_seconds: float, give_up_at: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.pipeline_name = pipeline_name
        self.poll_seconds = poll_seconds
        self.give_up_at = give_up_at

    def serialize(self) -> tuple[str, dict[str, Any]]:
        arguments = ("pipeline_name", "poll_seconds", "give_up_at")
        return "parley.triggers.NewLoadsTrigger", {name: getattr(self, name) for name in arguments}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """One event: `{"load_ids": [...]}`, an empty list when time is up.

        Raises:
            WarehouseUnreachableError: the warehouse is away when time is up. Until then it may come back.
        """
        while True:
            try:
                # A thread: a database driver that waits would hold up every other trigger of this process.
                load_ids = await asyncio.to_thread(new_loads, self.pipeline_name)
                if load_ids is None:
                    self.log.info("The warehouse is in use by another process, asking again")
            except WarehouseUnreachableError as error:
                if time.time() >= self.give_up_at:
                    raise
                self.log.warning("Asking again: %s", error)
                load_ids = None
            if load_ids or time.time() >= self.give_up_at:
                yield TriggerEvent({"load_ids": load_ids or []})  # type: ignore[no-untyped-call]
                return
            await asyncio.sleep(self.poll_seconds)
