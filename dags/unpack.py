"""Airflow DAGs unpack_<bot>: 05:30 and 17:30 UTC unless dags/bots/<bot>.yml says otherwise."""

from parley.bots import load_bots
from parley.dag import unpack_dag

for bot in load_bots():
    globals()[bot.unpack_dag_id] = unpack_dag(bot)
