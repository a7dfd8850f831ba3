"""Airflow DAGs stock_watcher and stock_local: the bot's DAG with Cosmos as it comes.

Only what is needed to get the same tables and tests is as in the shipped DAG. In the local mode each task runs a dbt of
its own, so each takes a slot: DuckDB has one writer.
"""

from airflow.sdk import DAG
from cosmos import DbtTaskGroup, ExecutionConfig
from cosmos.constants import ExecutionMode, TestIndirectSelection

from parley.dag import MARK, START, dbt_configs, default_args
from parley.operators import MarkLoadsOperator
from parley.pipelines import get_pipeline
from parley.sensors import WAIT, NewLoadsSensor
from parley.warehouse import POOL

BOT = get_pipeline("demo_bot")
OPERATOR_ARGS = {
    ExecutionMode.WATCHER: {"append_env": True},
    ExecutionMode.LOCAL: {"append_env": True, "pool": POOL},
}

for mode, operator_args in OPERATOR_ARGS.items():
    with DAG(
        f"stock_{mode.value}", schedule=None, start_date=START, max_active_runs=1, default_args=default_args()
    ) as dag:
        wait = NewLoadsSensor(task_id=WAIT, pipeline_name=BOT.name, last_task_id=MARK, give_up_after=START - START)
        models = DbtTaskGroup(
            group_id="dbt",
            **dbt_configs(BOT),
            execution_config=ExecutionConfig(
                execution_mode=mode, test_indirect_selection=TestIndirectSelection.BUILDABLE
            ),
            operator_args=operator_args,
        )
        wait >> models >> MarkLoadsOperator(task_id=MARK, pipeline_name=BOT.name, pool=POOL)
    globals()[dag.dag_id] = dag
