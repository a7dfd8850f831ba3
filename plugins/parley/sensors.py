"""Sensors: what a run waits for."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from airflow.sdk import BaseSensorOperator, Context
from airflow.sdk.exceptions import AirflowSkipException

from parley.triggers import NewLoadsTrigger, new_loads


class NewLoadsSensor(BaseSensorOperator):
    """Waits, in the triggerer, until a bot has new loads. None in time is no failure: the run is skipped.

    Args:
        bot_name: whose loads.
        give_up_after: how long to wait; a run started by hand does not.
        poke_interval: seconds between two looks.
    """

    template_fields = ("bot_name",)

    def __init__(self, *, bot_name: str, give_up_after: timedelta, poke_interval: float = 30, **kwargs: Any) -> None:
        super().__init__(poke_interval=poke_interval, **kwargs)
        self.bot_name = bot_name
        self.give_up_after = give_up_after

    def execute(self, context: Context) -> list[str]:
        if load_ids := new_loads(self.bot_name):
            return self.execute_complete(context, {"load_ids": load_ids})
        if context["dag_run"].run_type == "manual":
            # Who starts a run by hand wants to know now.
            return self.execute_complete(context, {"load_ids": []})
        self.log.info("No new loads of %s yet, waiting up to %s", self.bot_name, self.give_up_after)
        give_up_at = time.time() + self.give_up_after.total_seconds()
        self.defer(
            trigger=NewLoadsTrigger(self.bot_name, self.poke_interval, give_up_at),
            method_name="execute_complete",
            # The trigger gives up by itself; this is for a triggerer that hangs.
            timeout=self.give_up_after + timedelta(minutes=5),
        )
        raise AssertionError("defer() raises")

    def execute_complete(self, context: Context, event: dict[str, Any]) -> list[str]:
        """The new loads, for the log and for whoever looks at the task."""
        load_ids: list[str] = event["load_ids"]
        if not load_ids:
            raise AirflowSkipException(f"No new loads of {self.bot_name} within {self.give_up_after}")
        self.log.info("New loads of %s: %s", self.bot_name, ", ".join(load_ids))
        return load_ids
