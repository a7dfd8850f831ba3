"""What the process that all tasks are forked from has done before the first of them starts: see airflow.cfg.

A task then neither imports what nearly every task needs, nor builds its DAG anew; and Python's garbage collector, which
would go through all of that in each task and so copy its memory, leaves it alone.
"""

from __future__ import annotations

import gc
import logging
from contextlib import suppress
from importlib import import_module

from parley.dag import draw_ahead
from parley.pipelines import load_pipelines
from parley.warehouse import Warehouse

MODULES = (
    "airflow.sdk.execution_time.task_runner",
    "airflow.dag_processing.dagbag",
    "cosmos.operators.watcher",
    "dbt.cli.main",
)

for module in (*MODULES, f"dbt.adapters.{Warehouse.from_env().kind}"):
    import_module(module)

logging.disable()
for pipeline in load_pipelines():
    # What is wrong with it is for the tasks and the dag-processor to say.
    with suppress(Exception):
        draw_ahead(pipeline)
logging.disable(logging.NOTSET)

gc.collect()
gc.freeze()
