"""Secrets from files and from AWS Secrets Manager, into the variables that the rest of Parley reads.

`PG_PASSWORD_FILE` names a file with the value of `PG_PASSWORD`, as orchestrators mount them; read whenever Parley
starts. `PG_PASSWORD_SECRET` names a secret in AWS Secrets Manager: that is a call over the network, so it is made once,
when a process of a deployment starts (`python -m parley.deploy.secrets`), never when a DAG file is read. The same goes
for the variables in the source of a bot. A variable that is set itself wins.
"""

from __future__ import annotations

import json
from collections.abc import MutableMapping
from pathlib import Path

from parley.errors import ConfigurationError

FILE = "_FILE"
SECRET = "_SECRET"


def from_files(env: MutableMapping[str, str], *names: str) -> None:
    """Set each variable that is unset and has a file.

    Raises:
        ConfigurationError: the file cannot be read, or is empty.
    """
    for name in names:
        path = env.get(name + FILE)
        if not path or env.get(name):
            continue
        try:
            value = Path(path).read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{name}{FILE} is '{path}', which cannot be read: {error}") from error
        if not value:
            raise ConfigurationError(f"{name}{FILE} is '{path}', which is empty. Write the secret into it.")
        env[name] = value


def from_aws(env: MutableMapping[str, str], *names: str) -> None:
    """Set each variable that is unset and has a secret in AWS Secrets Manager, `<name or ARN>` or with `#<key>` behind.

    A secret in JSON, as Amazon makes them for Redshift and RDS, gives the value of its key, `password` by default.
    Region and credentials are found as AWS tools find them.

    Raises:
        ConfigurationError: it cannot be read, or has no such key.
    """
    for name in names:
        place = env.get(name + SECRET)
        if not place or env.get(name):
            continue
        import boto3
        from botocore.exceptions import BotoCoreError, ClientError

        secret_id, _, key = place.partition("#")
        try:
            text: str = boto3.client("secretsmanager").get_secret_value(SecretId=secret_id)["SecretString"]
        except (BotoCoreError, ClientError, KeyError) as error:
            raise ConfigurationError(f"{name}{SECRET} is '{place}', which cannot be read: {error}") from error
        env[name] = _value(text, key, f"{name}{SECRET} is '{place}'")


def _value(text: str, key: str, place: str) -> str:
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        if key:
            raise ConfigurationError(f"{place}, which is no JSON object: leave '#{key}' out.")
        return text
    value = content.get(key or "password")
    if not isinstance(value, str) or not value:
        raise ConfigurationError(f"{place}, which has no '{key or 'password'}' (it has: {', '.join(content)}).")
    return value
