"""Airflow DAG publish: 08:00 and 19:00 UTC, when dashboards are read, and whenever there is something new to show."""

from parley.dag import publish_dag
from parley.pipelines import working_pipelines

dag = publish_dag(working_pipelines(), schedule="0 8,19 * * *")
