"""What Airflow knows of the runs that worked on loads."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from sqlalchemy import select

# The state of each run by its id, by the id of the DAG.
RunStates = dict[str, dict[str, str]]

RUNS_AT_A_TIME = 500


def run_states(runs: Iterable[tuple[str, str]]) -> RunStates:
    """The states of runs, given as DAG id and run id; those that Airflow does not know are not in it."""
    by_dag: dict[str, set[str]] = {}
    for dag_id, run_id in runs:
        by_dag.setdefault(dag_id, set()).add(run_id)
    states: RunStates = {}
    with create_session() as session:
        for dag_id, run_ids in by_dag.items():
            ordered = sorted(run_ids)
            for start in range(0, len(ordered), RUNS_AT_A_TIME):
                query = select(DagRun.run_id, DagRun.state).where(
                    DagRun.dag_id == dag_id, DagRun.run_id.in_(ordered[start : start + RUNS_AT_A_TIME])
                )
                for run_id, state in session.execute(query).tuples():
                    states.setdefault(dag_id, {})[run_id] = str(state)
    return states


def paused_dags(dag_ids: Collection[str]) -> set[str]:
    """Those of the DAGs that are switched off: a run of theirs waits."""
    with create_session() as session:
        query = select(DagModel.dag_id).where(DagModel.dag_id.in_(dag_ids), DagModel.is_paused)
        return set(session.scalars(query))


def running(dag_ids: Collection[str]) -> list[tuple[str, str]]:
    """The runs that are going on, as DAG id and run id."""
    with create_session() as session:
        query = select(DagRun.dag_id, DagRun.run_id).where(DagRun.dag_id.in_(dag_ids), DagRun.state == "running")
        return sorted((dag_id, run_id) for dag_id, run_id in session.execute(query))
