"""Airflow DAGs unpack_<name>, one for each pipeline: 05:30 and 17:30 UTC unless a bot's file says otherwise."""

from parley.dag import unpack_dag
from parley.pipelines import load_pipelines

for pipeline in load_pipelines():
    globals()[pipeline.unpack_dag_id] = unpack_dag(pipeline)
