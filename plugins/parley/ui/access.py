"""Who may see what: Airflow's own login and permissions. The app of a plugin is not behind them by itself."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import get_user
from airflow.models.dag import DagModel
from fastapi import Depends, HTTPException, Request, status
from fastapi.responses import JSONResponse, RedirectResponse, Response

from parley.pipelines import Pipeline, working_pipelines

User = Annotated[BaseUser, Depends(get_user)]


def readable_pipelines(user: User) -> list[Pipeline]:
    """The pipelines whose DAG the user may see.

    Raises:
        HTTPException: 403, there is none.
    """
    allowed = get_auth_manager().get_authorized_dag_ids(user=user, method="GET")
    if pipelines := [pipeline for pipeline in working_pipelines() if pipeline.dag_id in allowed]:
        return pipelines
    raise HTTPException(status.HTTP_403_FORBIDDEN, "You may see none of the DAGs that these pages are about.")


Readable = Annotated[list[Pipeline], Depends(readable_pipelines)]


def startable_dags(user: User, pipelines: Readable) -> set[str]:
    """The ids of the DAGs that the user may start; Airflow checks it again when they do."""
    return {
        pipeline.dag_id
        for pipeline in pipelines
        if get_auth_manager().is_authorized_dag(
            method="POST",
            access_entity=DagAccessEntity.RUN,
            details=DagDetails(id=pipeline.dag_id, team_name=DagModel.get_team_name(pipeline.dag_id)),
            user=user,
        )
    }


Startable = Annotated[set[str], Depends(startable_dags)]


async def log_in(request: Request, error: Exception) -> Response:
    """The answer to a request without a valid login: people are led to Airflow's login page and back."""
    assert isinstance(error, HTTPException)
    if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
        back = quote(request.url.path + (f"?{request.url.query}" if request.url.query else ""), safe="")
        return RedirectResponse(f"../api/v2/auth/login?next={back}", status.HTTP_303_SEE_OTHER)
    return JSONResponse({"detail": error.detail}, error.status_code)
