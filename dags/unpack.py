"""Airflow DAGs unpack_<name>, one for each pipeline: 05:30 and 17:30 UTC unless a bot's file says otherwise."""

from parley.pipelines import working_pipelines
from parley.unpack_dag import unpack_dag

for pipeline in working_pipelines():
    if pipeline.source:
        globals()[pipeline.unpack_dag_id] = unpack_dag(pipeline)
