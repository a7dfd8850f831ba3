"""What a process that others are forked from has done before the first of them starts, when it imports this.

The process of all tasks does (airflow.cfg), and the dag-processor (listeners.py). A task or a DAG file then neither
imports what nearly all need, nor draws a DAG anew that has not changed; and Python's garbage collector, which would go
through all of that in each process and so copy its memory, leaves it alone. To change a module is to restart Airflow.
"""

from __future__ import annotations

import gc
import logging
from contextlib import suppress
from importlib import import_module

from parley.dag import draw_ahead
from parley.errors import ConfigurationError
from parley.pipelines import working_pipelines
from parley.warehouse import Warehouse

MODULES = (
    "airflow.sdk.execution_time.task_runner",
    "airflow.dag_processing.dagbag",
    "cosmos.operators.watcher",
    "dbt.cli.main",
)

for module in MODULES:
    import_module(module)

# What is wrong with a setting or a bot's file is for the tasks and the dag-processor to say: without the process that
# imports this there would be none.
logging.disable()
with suppress(Exception):
    import_module(f"dbt.adapters.{Warehouse.from_env().kind}")
    for pipeline in working_pipelines():
        # One whose manifest is missing is nothing to the others.
        with suppress(ConfigurationError):
            draw_ahead(pipeline)
logging.disable(logging.NOTSET)

gc.collect()
gc.freeze()
