"""Airflow DAG ecommerce: 07:00 and 18:00 UTC."""

from parley.dag import domain_dag
from parley.pipelines import shop

ecommerce = domain_dag(shop())
