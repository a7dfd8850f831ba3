"""E-mail through Airflow's SMTP provider: HTML with plain text beside it.

`ALERT_EMAIL_TO` says who gets it; empty, nobody. `SMTP_HOST` and its sisters say through which server; without
`SMTP_HOST` it is Airflow's connection `smtp_default`.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import Any

from airflow.providers.smtp.hooks.smtp import SmtpHook
from airflow.sdk import Connection
from airflow.sdk.log import mask_secret

from parley.errors import ConfigurationError
from parley.settings import flag, number

log = logging.getLogger(__name__)

# A server that does not answer holds up the process that mails for so long, twice.
TIMEOUT_SECONDS = 8
ATTEMPTS = 2


@dataclass(frozen=True)
class Mail:
    """What is sent."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class MailSettings:
    """Who gets mail, from whom, through which server."""

    to: tuple[str, ...] = ()
    sender: str = ""
    host: str = ""
    port: int = 587
    user: str = ""
    password: str = field(default="", repr=False)
    starttls: bool = True
    ssl: bool = False

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> MailSettings:
        """What the environment says.

        Raises:
            ConfigurationError: naming the variable that is wrong.
        """
        to = tuple(address for address in re.split(r"[\s,;]+", env.get("ALERT_EMAIL_TO", "")) if address)
        if wrong := [address for address in to if not re.fullmatch(r"[^@\s]+@[^@\s]+", address)]:
            raise ConfigurationError(
                f"ALERT_EMAIL_TO has '{wrong[0]}', which is no address. Separate several by commas."
            )
        return cls(
            to=to,
            sender=env.get("ALERT_EMAIL_FROM") or (to[0] if to else ""),
            host=env.get("SMTP_HOST", ""),
            port=number("SMTP_PORT", 587, env),
            user=env.get("SMTP_USER", ""),
            password=env.get("SMTP_PASSWORD", ""),
            starttls=flag("SMTP_STARTTLS", default=True, env=env),
            ssl=flag("SMTP_SSL", default=False, env=env),
        )


class AlertHook(SmtpHook):
    """Airflow's SMTP hook, which takes the server from the settings and puts plain text beside the HTML."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    @classmethod
    def get_connection(cls, conn_id: str) -> Connection:
        settings = MailSettings.from_env()
        if settings.host:
            connection = Connection(
                conn_id=conn_id,
                conn_type="smtp",
                host=settings.host,
                port=settings.port,
                login=settings.user or None,
                password=settings.password or None,
            )
            extra = {"disable_tls": not settings.starttls or settings.ssl, "disable_ssl": not settings.ssl}
        else:
            connection = super().get_connection(conn_id)
            extra = connection.extra_dejson
        connection.extra = json.dumps({**extra, "timeout": TIMEOUT_SECONDS, "retry_limit": 0})
        return connection

    def _build_mime_message(self, *arguments: Any, **named: Any) -> tuple[MIMEMultipart, list[str]]:
        message, recipients = super()._build_mime_message(*arguments, **named)
        # Mail programs show the last of the alternatives that they can.
        message.set_payload([MIMEText(self._text, "plain", "utf-8"), *message.get_payload()])
        return message, recipients


def send(mail: Mail) -> bool:
    """Send a mail to whom the settings name; whether it went.

    A server that is down, slow or wrong is logged and never raises: a run does not depend on it.
    """
    try:
        settings = MailSettings.from_env()
        if not settings.to:
            return False
        if settings.password:
            mask_secret(settings.password)
    except Exception as error:
        log.error("'%s' was not mailed: %s", mail.subject, error)
        return False
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with AlertHook(mail.text) as hook:
                hook.send_email_smtp(
                    to=list(settings.to),
                    from_email=settings.sender,
                    subject=mail.subject,
                    html_content=mail.html,
                    mime_subtype="alternative",
                    custom_headers={"Auto-Submitted": "auto-generated"},
                )
        except Exception as error:
            server = f"{settings.host}:{settings.port}" if settings.host else "smtp_default"
            log.error("'%s' was not mailed through %s (attempt %d): %s", mail.subject, server, attempt, error)
        else:
            log.info("'%s' was mailed to %s", mail.subject, ", ".join(settings.to))
            return True
    return False
