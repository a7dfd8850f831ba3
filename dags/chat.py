"""Airflow DAGs chat_<bot>: 07:00 and 18:00 UTC unless dags/bots/<bot>.yml says otherwise."""

from parley.dag import bot_dags

for dag in bot_dags():
    globals()[dag.dag_id] = dag
