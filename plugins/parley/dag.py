"""Builds the DAGs of a pipeline: the road from its source to its marts. A DAG file only says which."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import DAG, Asset, AssetAny, AssetOrTimeSchedule, CronTriggerTimetable, get_parsing_context
from airflow.sdk.definitions.param import ParamsDict
from cosmos import DbtTaskGroup, ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import ExecutionMode, LoadMode, TestBehavior, TestIndirectSelection

from parley import settings
from parley.backfill import END_DATE, FULL_REFRESH, form
from parley.dbt import dbt_env, manifest_path
from parley.errors import ConfigurationError
from parley.notifications import Callbacks, callbacks, keep_error
from parley.operators import (
    MarkLoadsOperator,
    PublishDocsOperator,
    PublishOperator,
    RefuseOperator,
    wait_for_warehouse,
)
from parley.pipelines import PUBLISH_DAG_ID, Pipeline, read_bots
from parley.results import table as results_table
from parley.sensors import WAIT, NewLoadsSensor
from parley.warehouse import POOL, Warehouse
from parley.watcher import (
    end_in_triggerer,
    keep_snapshots,
    report_ends,
    report_tests_once,
    retry_after_dbt,
    take_turns,
)

START = datetime(2024, 1, 1)
# How often the tasks of the models look at what dbt has done.
POLL_SECONDS = 1

MARK = "mark_loads"
# Two runs at once would work on the same loads and the same tables. Airflow's backfills do not count as active runs
# of the DAG: the sensor lets one run pass at a time, and the tasks that write say it too.
ONE_AT_A_TIME: dict[str, Any] = {"max_active_tis_per_dag": 1}

# Unit tests check the SQL, not the data: they run with the test suite. Source tests have no model, and so no task here
# that could show them red. Exposures have nothing to build, and Cosmos warns of each.
NOT_BUILT = ["resource_type:unit_test", "resource_type:exposure", "source:*"]

# DAGs that were drawn ahead, and of what, by their ids.
_drawn: dict[str, tuple[tuple[Pipeline, int, int], DAG]] = {}

# What the id of a DAG may not have.
NO_DAG_ID = re.compile(r"[^\w.-]", re.ASCII)

BUILD_TIMEOUT = timedelta(hours=3)


def default_args() -> dict[str, Any]:
    """What all tasks have in common."""
    return {
        "owner": "parley",
        "retries": settings.number("TASK_RETRIES", 3),
        "retry_delay": timedelta(seconds=settings.number("TASK_RETRY_DELAY_SECONDS", 30)),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=10),
        # As long as dbt may take: the tasks of the models wait for it.
        "execution_timeout": BUILD_TIMEOUT,
        "on_failure_callback": keep_error,
    }


def in_common(alerts: Callbacks) -> dict[str, Any]:
    """What all DAGs have in common."""
    return {
        "start_date": START,
        "catchup": False,
        "max_active_runs": 1,
        "default_args": default_args(),
        "on_failure_callback": alerts.on_failure,
    }


def domain_dag(pipeline: Pipeline) -> DAG:
    """`chat_<bot>`, `ecommerce` or `support`: wait for new loads, build and test every model, mark them done."""
    version, dag = _drawn.get(pipeline.dag_id, (None, None))
    return dag if dag and version == _version(pipeline) else _domain_dag(pipeline)


def bot_dags() -> Iterator[DAG]:
    """`chat_<bot>` for each bot. Of one that cannot be drawn, a DAG of that id whose run fails and says why.

    An error in the DAG file would end the schedule of every bot, and nobody would get mail.
    """
    # A task reads the file for its own DAG, and to draw one takes 0.2 s of CPU.
    only = get_parsing_context().dag_id
    bots, wrong = read_bots()
    for bot in bots:
        if only not in (None, bot.dag_id):
            continue
        try:
            yield domain_dag(bot)
        except ConfigurationError as error:
            wrong[bot.name] = error
    for name, why in wrong.items():
        dag_id = NO_DAG_ID.sub("_", f"chat_{name}")
        if only in (None, dag_id):
            yield _refused_dag(dag_id, str(why))


def _refused_dag(dag_id: str, why: str) -> DAG:
    with DAG(
        dag_id,
        description="Its configuration is wrong: it builds nothing",
        doc_md=REFUSED_DOC.format(why=why),
        schedule=Pipeline.schedule,
        **in_common(callbacks()),
        tags=["chat", "misconfigured"],
    ) as dag:
        RefuseOperator(task_id="configuration", why=why)
    return dag


def draw_ahead(pipeline: Pipeline) -> None:
    """Draw a DAG that `domain_dag` gives out as long as neither the pipeline nor its manifest changes.

    For a process that others are forked from. A DAG is changed by who runs its tasks: each may use it only once.
    """
    _drawn[pipeline.dag_id] = (_version(pipeline), _domain_dag(pipeline))


def _version(pipeline: Pipeline) -> tuple[Pipeline, int, int]:
    manifest = manifest_path(pipeline).stat()
    return pipeline, manifest.st_mtime_ns, manifest.st_size


def _domain_dag(pipeline: Pipeline) -> DAG:
    alerts = callbacks(pipeline, deadline=timedelta(minutes=pipeline.deadline_minutes))
    with DAG(
        pipeline.dag_id,
        description=f"What is new in {pipeline.raw_schema}, into {pipeline.marts_schema}",
        doc_md=DOMAIN_DOC.format(
            pipeline=pipeline,
            staging=pipeline.built_schema("staging"),
            results=results_table(),
            without_loads="None in time skips the run."
            if pipeline.needs_loads
            else "Without any it goes on all the same.",
        ),
        schedule=pipeline.schedule,
        **in_common(alerts),
        dagrun_timeout=timedelta(hours=4),
        on_success_callback=alerts.on_success,
        deadline=alerts.deadline,
        tags=[pipeline.domain, pipeline.name],
    ) as dag:
        wait_for_loads = NewLoadsSensor(
            task_id=WAIT,
            pipeline_name=pipeline.name,
            last_task_id=MARK,
            give_up_after=timedelta(minutes=50),
            inlets=[raw_asset(pipeline)],
        )
        mark_loads = MarkLoadsOperator(
            task_id=MARK,
            pipeline_name=pipeline.name,
            pool=POOL,
            execution_timeout=timedelta(minutes=15),
            outlets=[marts_asset(pipeline)],
            **ONE_AT_A_TIME,
        )
        wait_for_loads >> _models(pipeline) >> mark_loads
    # After the tasks: each would get a copy of the form, and Airflow check all copies whenever it reads the DAG file.
    dag.params = ParamsDict(form(with_end_date=not pipeline.needs_loads))
    return dag


def publish_dag(pipelines: list[Pipeline], schedule: str) -> DAG:
    """`publish`: what is read outside of the warehouse; on schedule, and whenever there is something new to show."""
    raw = [raw_asset(pipeline) for pipeline in pipelines]
    marts = [marts_asset(pipeline) for pipeline in pipelines]
    alerts = callbacks()
    with DAG(
        PUBLISH_DAG_ID,
        description="What the pages show, from the marts and the ledgers",
        doc_md=PUBLISH_DOC,
        schedule=AssetOrTimeSchedule(
            timetable=CronTriggerTimetable(schedule, timezone="UTC"), assets=AssetAny(*raw, *marts)
        ),
        **in_common(alerts),
        dagrun_timeout=timedelta(hours=2),
        tags=["publish", "pages"],
    ) as dag:
        half_an_hour = timedelta(minutes=30)
        PublishOperator(task_id="extracts", pool=POOL, execution_timeout=half_an_hour, inlets=[*raw, *marts])
        PublishDocsOperator(task_id="docs", pool=POOL, execution_timeout=half_an_hour, inlets=marts)
    return dag


def raw_asset(pipeline: Pipeline) -> Asset:
    """The raw schema of a pipeline, in Airflow's asset graph."""
    return Asset(name=pipeline.raw_schema, uri=f"parley://raw/{pipeline.raw_schema}", group="raw")


def marts_asset(pipeline: Pipeline) -> Asset:
    """The marts of a pipeline, in Airflow's asset graph."""
    return Asset(name=pipeline.marts_schema, uri=f"parley://marts/{pipeline.marts_schema}", group="marts")


def models_of(pipeline: Pipeline) -> list[str]:
    """What dbt is to select for a pipeline."""
    return [f"tag:{pipeline.domain}"]


def dbt_configs(pipeline: Pipeline) -> dict[str, Any]:
    """What Cosmos needs in any of its modes to draw a domain's models and to run them, as arguments of DbtTaskGroup."""
    return {
        "project_config": ProjectConfig(
            dbt_project_path=settings.DBT_PROJECT,
            manifest_path=manifest_path(pipeline),
            project_name="parley",
            dbt_vars=pipeline.dbt_vars,
            env_vars={**dbt_env(), **_run_env(pipeline)},
            install_dbt_deps=False,
        ),
        "profile_config": ProfileConfig(
            profile_name=Warehouse.from_env().kind,
            target_name=settings.deploy_env(),
            profiles_yml_filepath=settings.DBT_PROJECT / "profiles.yml",
        ),
        "render_config": RenderConfig(
            load_method=LoadMode.DBT_MANIFEST,
            select=models_of(pipeline),
            exclude=NOT_BUILT,
            test_behavior=TestBehavior.AFTER_EACH,
            group_nodes_by_folder=True,
            emit_datasets=False,
        ),
    }


def _models(pipeline: Pipeline) -> DbtTaskGroup:
    """The dbt models of a domain, one task each and its tests behind it; one dbt process builds them all."""
    group = DbtTaskGroup(
        group_id="dbt",
        **dbt_configs(pipeline),
        execution_config=ExecutionConfig(
            execution_mode=ExecutionMode.WATCHER,
            # A model that is tried again by itself is tested with what is built before it, not with what comes after.
            test_indirect_selection=TestIndirectSelection.BUILDABLE,
            # The one process that runs dbt; the tasks of the models only watch it.
            setup_operator_args={
                "pool": POOL,
                "pre_execute": wait_for_warehouse,
                **ONE_AT_A_TIME,
            },
        ),
        operator_args={
            "append_env": True,
            "poke_interval": POLL_SECONDS,
            "full_refresh": f"{{{{ params.{FULL_REFRESH} }}}}",
            "callback": "parley.results.keep",
            "callback_args": {"pipeline_name": pipeline.name},
        },
    )
    end_in_triggerer(group)
    retry_after_dbt(group)
    take_turns(group)
    keep_snapshots(group)
    report_tests_once(group)
    report_ends(group)
    return group


def _run_env(pipeline: Pipeline) -> dict[str, str]:
    """What changes from run to run, as templates. A variable of dbt would make it parse the whole project again."""
    env = {
        "PARLEY_RUN_ID": "{{ run_id }}",
        "PARLEY_LOAD_IDS": f"{{{{ (ti.xcom_pull(task_ids='{WAIT}') or []) | join(',') }}}}",
    }
    if not pipeline.needs_loads:
        env["PARLEY_END_DATE"] = f"{{{{ params.{END_DATE} or (dag_run.logical_date or dag_run.run_after) | ds }}}}"
    return env


REFUSED_DOC = """
### This DAG builds nothing: its configuration is wrong

{why}

Mend that. The DAG is drawn anew within minutes; what has arrived meanwhile is built by its next run.
"""

DOMAIN_DOC = """
### What is new in `{pipeline.raw_schema}`, into `{pipeline.marts_schema}`

1. **wait_for_loads** looks for loads of `{pipeline.raw_schema}` that no run has finished: load ids with only a status-0
   row in `{pipeline.raw_schema}._loads`. {without_loads} It also lets one run pass at a time.
2. **dbt** builds the models in one process, with a task for each model and one for its tests. The first model,
   `{pipeline.domain}_load_ids`, pins the loads that this run works on, under its run id.
3. **mark_loads** adds the status-1 rows for the pinned loads, when all models and tests have passed.

**Reads** `{pipeline.raw_schema}`. **Writes** `{staging}`, `{pipeline.marts_schema}`, the status-1 rows of
`{pipeline.raw_schema}._loads`, and what dbt did into `{results}`.

**Due** {pipeline.deadline_minutes} minutes after its scheduled time. A run that is late or has failed sends an e-mail
to `ALERT_EMAIL_TO`.

**When it fails**, the loads stay new. Mend the cause, then clear the failed run or wait for the next: it takes the
same loads again and comes to the same tables. The log of the failed model's task has dbt's message. docs/operations.md
says more.

**To process loads again**, trigger the DAG and name them in the form, or ask for a full refresh; or go through past
dates with `airflow backfill create`.
"""

PUBLISH_DOC = """
### What the pages show, from the marts and the ledgers

**Reads** the marts and the ledger of loads of every pipeline. **Writes** what the pages *Loads* and *Dashboard* show
into `published/extracts` or `PUBLISH_TO`, one file for each pipeline, and the dbt docs that the page *Docs* shows. The
pages read these files while a run holds the warehouse. It runs at the times of its schedule, and after each unpacking
and each run that has made marts.

**When it fails**, the pages show what was there before, with its age. The log says which pipeline
failed, and why; the others are refreshed all the same. Mend the cause, then clear the task.
"""
