"""Builds the DAGs of a bot: the road from its source to its marts. A DAG file only says which."""

from __future__ import annotations

import os
from datetime import datetime, timedelta

from airflow.sdk import DAG
from cosmos import DbtTaskGroup, ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import ExecutionMode, LoadMode, TestBehavior, TestIndirectSelection

from parley import settings
from parley.bots import Bot
from parley.dbt import dbt_env, manifest_path, run_results_path
from parley.operators import MarkLoadsOperator, UnpackOperator, wait_for_warehouse
from parley.sensors import NewLoadsSensor
from parley.warehouse import POOL, Warehouse
from parley.watcher import end_in_triggerer, report_tests_once

START = datetime(2024, 1, 1)
# How often the tasks of the models look at what dbt has done.
POLL_SECONDS = 1

DEFAULT_ARGS = {
    "owner": "parley",
    "retries": int(os.environ.get("TASK_RETRIES") or 3),
    "retry_delay": timedelta(seconds=float(os.environ.get("TASK_RETRY_DELAY_SECONDS") or 30)),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=10),
}


def chat_dag(bot: Bot) -> DAG:
    """`chat_<bot>`: wait for new loads, build and test every model, mark the loads as done."""
    with DAG(
        bot.chat_dag_id,
        description=f"New conversations of {bot.name} into {bot.built_schema('views')}",
        doc_md=CHAT_DOC.format(bot=bot, views=bot.built_schema("views")),
        schedule=bot.schedule,
        start_date=START,
        catchup=False,
        # Two runs at once would pin the same loads and build the same tables.
        max_active_runs=1,
        default_args=DEFAULT_ARGS,
        dagrun_timeout=timedelta(hours=4),
        tags=["chat", bot.name],
    ) as dag:
        wait_for_loads = NewLoadsSensor(
            task_id="wait_for_loads", bot_name=bot.name, give_up_after=timedelta(minutes=50)
        )
        mark_loads = MarkLoadsOperator(
            task_id="mark_loads",
            bot_name=bot.name,
            pool=POOL,
            execution_timeout=timedelta(minutes=15),
        )
        wait_for_loads >> _models(bot, "chat") >> mark_loads
    return dag


def unpack_dag(bot: Bot) -> DAG:
    """`unpack_<bot>`: what is new in the bot's source, into its raw schema."""
    with DAG(
        bot.unpack_dag_id,
        description=f"New events of {bot.name} into {bot.raw_schema}",
        doc_md=UNPACK_DOC.format(bot=bot),
        schedule=bot.unpack_schedule,
        start_date=START,
        catchup=False,
        max_active_runs=1,
        default_args=DEFAULT_ARGS,
        dagrun_timeout=timedelta(hours=2),
        tags=["unpack", bot.name],
    ) as dag:
        UnpackOperator(task_id="unpack", bot_name=bot.name, pool=POOL, execution_timeout=timedelta(hours=1))
    return dag


def _models(bot: Bot, domain: str) -> DbtTaskGroup:
    """The dbt models of a domain, one task each and its tests behind it; one dbt process builds them all."""
    group = DbtTaskGroup(
        group_id="dbt",
        project_config=ProjectConfig(
            dbt_project_path=settings.DBT_PROJECT,
            manifest_path=manifest_path(bot),
            project_name="parley",
            dbt_vars=bot.dbt_vars,
            env_vars={**dbt_env(), "PARLEY_RUN_ID": "{{ run_id }}"},
            install_dbt_deps=False,
        ),
        profile_config=ProfileConfig(
            profile_name=Warehouse.from_env().kind,
            target_name=settings.deploy_env(),
            profiles_yml_filepath=settings.DBT_PROJECT / "profiles.yml",
        ),
        render_config=RenderConfig(
            load_method=LoadMode.DBT_MANIFEST,
            select=[f"path:models/{domain}", f"path:seeds/{domain}"],
            # Unit tests check the SQL, not the data: they run with the test suite. Source tests have no model,
            # and so no task here that could show them red.
            exclude=["resource_type:unit_test", "source:*"],
            test_behavior=TestBehavior.AFTER_EACH,
            group_nodes_by_folder=True,
            emit_datasets=False,
        ),
        execution_config=ExecutionConfig(
            execution_mode=ExecutionMode.WATCHER,
            # A model that is tried again by itself is tested with what is built before it, not with what comes after.
            test_indirect_selection=TestIndirectSelection.BUILDABLE,
            # The one process that runs dbt; the tasks of the models only watch it.
            setup_operator_args={
                "pool": POOL,
                "pre_execute": wait_for_warehouse,
                "execution_timeout": timedelta(hours=3),
                "callback": "parley.dbt.keep_run_results",
                "callback_args": {"destination": str(run_results_path(bot))},
            },
        ),
        operator_args={"append_env": True, "poke_interval": POLL_SECONDS},
    )
    end_in_triggerer(group)
    report_tests_once(group)
    return group


CHAT_DOC = """
### New conversations of `{bot.name}` into `{views}`

1. **wait_for_loads** looks for loads of `{bot.raw_schema}` that no run has finished: load ids with only a status-0
   row in `{bot.raw_schema}._loads`. None in time skips the run.
2. **dbt** builds the models in one process, with a task for each model and one for its tests. The first model,
   `chat_load_ids`, pins the loads that this run works on, under its run id.
3. **mark_loads** adds the status-1 rows for the pinned loads, when all models and tests have passed.

**When it fails**, the loads stay new. Mend the cause, then clear the failed run or wait for the next: it takes the
same loads again and comes to the same tables. The log of the failed model's task has dbt's message.
"""

UNPACK_DOC = """
### New events of `{bot.name}` into `{bot.raw_schema}`

Reads `{bot.source}`, unpacks what has not landed yet into one table per event type and adds a status-0 row to
`{bot.raw_schema}._loads` when all of it is in. Records that are no Rasa events go to `{bot.raw_schema}.quarantine`.

**When it fails**, nothing of the load is to be seen. Clear the task: it reads the source again.
"""
