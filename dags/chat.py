"""Airflow DAGs chat_<bot>: 07:00 and 18:00 UTC unless dags/bots/<bot>.yml says otherwise."""

from parley.bots import load_bots
from parley.dag import chat_dag

for bot in load_bots():
    globals()[bot.chat_dag_id] = chat_dag(bot)
