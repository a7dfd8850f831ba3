"""Airflow DAG floor: the graph of a shipped DAG, of tasks that do nothing, without Cosmos.

`floor.json` beside it has for each task its upstream tasks, and whether Airflow itself ends it, without a process.
"""

import json
from datetime import datetime
from pathlib import Path

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task


def nothing() -> None:
    pass


with DAG("floor", schedule=None, start_date=datetime(2024, 1, 1), max_active_runs=1) as dag:
    graph = json.loads(Path(__file__).with_suffix(".json").read_text())
    for task_id, kind in graph.items():
        if kind["without_process"]:
            EmptyOperator(task_id=task_id)
        else:
            task(task_id=task_id)(nothing)()
    for task_id, kind in graph.items():
        for upstream in kind["upstream"]:
            dag.get_task(upstream) >> dag.get_task(task_id)
