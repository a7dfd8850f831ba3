"""Operators: the steps of a run that are not dbt's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.log import mask_secret

from parley.pipelines import Pipeline, get_pipeline
from parley.reasons import foremost
from parley.warehouse import Warehouse

if TYPE_CHECKING:
    from parley.unpack.landing import Result
    from parley.unpack.shares import Share


def wait_for_warehouse(context: Context) -> None:
    """Before dbt starts: wait until the warehouse can be written to, saying who holds it. dbt itself waits in silence.

    Raises:
        WarehouseBusyError: it was not free in time.
    """
    with Warehouse.from_env().connect():
        pass


class RefuseOperator(BaseOperator):
    """Fails, and is not tried again: there is nothing to run before somebody has mended something.

    Args:
        why: what, and how.
    """

    def __init__(self, *, why: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.why = why

    def execute(self, context: Context) -> None:
        raise AirflowFailException(self.why)


class PipelineOperator(BaseOperator):
    """A step of one pipeline.

    Args:
        pipeline_name: which one.
    """

    def __init__(self, *, pipeline_name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pipeline_name = pipeline_name

    @property
    def pipeline(self) -> Pipeline:
        pipeline = get_pipeline(self.pipeline_name)
        for secret in pipeline.secrets():
            mask_secret(secret)
        return pipeline


class ShareOutOperator(PipelineOperator):
    """Shares out what is new in a pipeline's source, if it is large, for mapped tasks to prepare."""

    def execute(self, context: Context) -> list[Share]:
        # dlt is heavy: only the tasks that unpack import it.
        from parley.unpack.domains import share_out_new
        from parley.unpack.shares import parts_of

        pipeline = self.pipeline
        shares = share_out_new(pipeline, Warehouse.from_env(), parts_of(pipeline.raw_schema, context["run_id"]))
        self.log.info("%s shares of %s files", len(shares), sum(len(share["files"]) for share in shares))
        return shares


class PrepareOperator(PipelineOperator):
    """Prepares a share of what is new in a pipeline's source. It needs no warehouse.

    Args:
        share: as ShareOutOperator gave it out.
    """

    def __init__(self, *, share: Share, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.share = share

    def execute(self, context: Context) -> int:
        from parley.unpack.domains import prepare_shared
        from parley.unpack.shares import parts_of

        pipeline = self.pipeline
        records = prepare_shared(pipeline, self.share, parts_of(pipeline.raw_schema, context["run_id"]))
        self.log.info("Prepared %s records of %s files", records, len(self.share["files"]))
        return records


class UnpackOperator(PipelineOperator):
    """Unpacks what is new in a pipeline's source into its raw schema, as one load."""

    def execute(self, context: Context) -> dict[str, Any]:
        from parley.unpack.domains import unpack_new
        from parley.unpack.shares import parts_of

        pipeline = self.pipeline
        parts = parts_of(pipeline.raw_schema, context["run_id"])
        return self._told(unpack_new(pipeline, Warehouse.from_env(), parts=parts))

    def _told(self, result: Result) -> dict[str, Any]:
        """What an unpacking did, to the log and for other tasks."""
        told = {**vars(result), "set_aside": foremost(result.set_aside)}
        self.log.info("%s", told)
        return told


class UnpackModelsOperator(UnpackOperator):
    """Unpacks a bot's models that are new into its model schema, as one load."""

    def execute(self, context: Context) -> dict[str, Any]:
        from parley.unpack.domains import unpack_new_models

        return self._told(unpack_new_models(self.pipeline, Warehouse.from_env()))


class MarkLoadsOperator(PipelineOperator):
    """Marks the loads that this run has pinned as done. Downstream of everything that must have passed."""

    def execute(self, context: Context) -> list[str]:
        with Warehouse.from_env().connect() as connection:
            marked = self.pipeline.ledger.mark(connection, context["run_id"])
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
