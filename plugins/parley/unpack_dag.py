"""Builds the DAG that unpacks what is new in the source of a pipeline."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, TriggerRule

from parley.dag import ONE_AT_A_TIME, in_common, raw_asset
from parley.notifications import callbacks
from parley.operators import PrepareOperator, ShareOutOperator, UnpackModelsOperator, UnpackOperator
from parley.pipelines import Pipeline
from parley.warehouse import POOL


def unpack_dag(pipeline: Pipeline) -> DAG:
    """`unpack_<name>`: what is new in the source, into the raw schema; and a bot's new models, into theirs."""
    alerts = callbacks(pipeline)
    with DAG(
        pipeline.unpack_dag_id,
        description=f"What is new in the source of {pipeline.name}, into {pipeline.raw_schema}",
        doc_md=UNPACK_DOC.format(pipeline=pipeline, shares=SHARES_DOC if pipeline.domain != "support" else "")
        + (UNPACK_MODELS_DOC.format(pipeline=pipeline) if pipeline.model else ""),
        schedule=pipeline.unpack_schedule,
        **in_common(alerts),
        dagrun_timeout=timedelta(hours=2),
        on_success_callback=alerts.on_success,
        tags=["unpack", pipeline.name],
    ) as dag:
        unpack = UnpackOperator(
            task_id="unpack",
            pipeline_name=pipeline.name,
            pool=POOL,
            execution_timeout=timedelta(hours=1),
            outlets=[raw_asset(pipeline)],
            # What has not been prepared it prepares by itself.
            trigger_rule=TriggerRule.ALL_DONE,
            **ONE_AT_A_TIME,
        )
        # A desk's lists are versions, each of the one before: nothing to share.
        if pipeline.domain != "support":
            share_out = ShareOutOperator(
                task_id="share_out",
                pipeline_name=pipeline.name,
                pool=POOL,
                retries=1,
                execution_timeout=timedelta(minutes=15),
            )
            prepare = PrepareOperator.partial(
                task_id="prepare", pipeline_name=pipeline.name, retries=1, execution_timeout=timedelta(hours=1)
            )
            prepare.expand(share=share_out.output) >> unpack
        if pipeline.model:
            # Beside the events, not before them: a model that cannot be read holds no event up.
            UnpackModelsOperator(
                task_id="unpack_models",
                pipeline_name=pipeline.name,
                pool=POOL,
                execution_timeout=timedelta(hours=1),
                **ONE_AT_A_TIME,
            )
    return dag


UNPACK_DOC = """
### What is new in the source of `{pipeline.name}`, into `{pipeline.raw_schema}`

**Reads** `{pipeline.source}`. **Writes** what has not landed yet into the tables of `{pipeline.raw_schema}`, and a
status-0 row to its `_loads` when all of it is in. Bad records go to `{pipeline.raw_schema}.quarantine`, with the
reason.

{shares}**When it fails**, nothing of the load is to be seen. Mend the cause, then clear the task: it reads the source
again. A run that has failed sends an e-mail to `ALERT_EMAIL_TO`.
"""

SHARES_DOC = """\
**share_out** shares out files that are new and large, `UNPACK_SHARE_MB` or more to a task. A task **prepare** for each
share makes tables of them, on any worker, without the warehouse; **unpack** lands them. What no such task has prepared,
because it failed or there is little, **unpack** prepares by itself.

"""

UNPACK_MODELS_DOC = """
**unpack_models** does the same with the bot's models, of `{pipeline.model}`, into `{pipeline.model_schema}`. Its loads
are marked by no run: each run reads all models that have landed.
"""
