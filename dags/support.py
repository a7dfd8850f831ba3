"""Airflow DAG support: 07:00 and 18:00 UTC."""

from parley.dag import domain_dag
from parley.pipelines import support_desk

support = domain_dag(support_desk())
