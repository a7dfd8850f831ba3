"""Operators: the steps of a run that are not dbt's."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from airflow.sdk import BaseOperator, Context

from parley.pipelines import get_pipeline
from parley.warehouse import Warehouse


def wait_for_warehouse(context: Context) -> None:
    """Before dbt starts: wait until the warehouse can be written to, saying who holds it. dbt itself waits in silence.

    Raises:
        WarehouseBusyError: it was not free in time.
    """
    with Warehouse.from_env().connect():
        pass


class UnpackOperator(BaseOperator):
    """Unpacks what is new in a pipeline's source into its raw schema, as one load.

    Args:
        pipeline_name: which pipeline.
    """

    def __init__(self, *, pipeline_name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pipeline_name = pipeline_name

    def execute(self, context: Context) -> dict[str, Any]:
        # dlt is heavy: only the task that unpacks imports it.
        from parley.unpack.domains import unpack_new

        result = unpack_new(get_pipeline(self.pipeline_name), Warehouse.from_env())
        self.log.info("%s", result)
        return asdict(result)


class UnpackModelsOperator(BaseOperator):
    """Unpacks a bot's models that are new into its model schema, as one load.

    Args:
        pipeline_name: which bot.
    """

    def __init__(self, *, pipeline_name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pipeline_name = pipeline_name

    def execute(self, context: Context) -> dict[str, Any]:
        from parley.unpack.domains import unpack_new_models

        result = unpack_new_models(get_pipeline(self.pipeline_name), Warehouse.from_env())
        self.log.info("%s", result)
        return asdict(result)


class MarkLoadsOperator(BaseOperator):
    """Marks the loads that this run has pinned as done. Downstream of everything that must have passed.

    Args:
        pipeline_name: whose loads.
    """

    def __init__(self, *, pipeline_name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pipeline_name = pipeline_name

    def execute(self, context: Context) -> list[str]:
        with Warehouse.from_env().connect() as connection:
            marked = get_pipeline(self.pipeline_name).ledger.mark(connection, context["run_id"])
        self.log.info("Marked as done: %s", ", ".join(marked) or "none, they were before")
        return marked


class PublishDocsOperator(BaseOperator):
    """Refreshes the dbt docs that the page Docs shows."""

    def execute(self, context: Context) -> None:
        from parley.publish import docs

        self.log.info("Published %s", docs())


class PublishOperator(BaseOperator):
    """Refreshes the extracts that the pages Loads and Dashboard show."""

    def execute(self, context: Context) -> list[str]:
        from parley.publish import extracts

        return extracts()
