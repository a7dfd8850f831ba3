"""Airflow DAGs chat_<bot>: 07:00 and 18:00 UTC unless dags/bots/<bot>.yml says otherwise."""

from parley.dag import domain_dag
from parley.pipelines import load_bots

for bot in load_bots():
    globals()[bot.dag_id] = domain_dag(bot)
