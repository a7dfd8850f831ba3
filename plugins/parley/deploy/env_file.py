"""The secrets of a deployment in .env: made up where they are missing, never changed."""

from __future__ import annotations

import secrets
from pathlib import Path

from cryptography.fernet import Fernet
from dotenv import dotenv_values


def fill(path: Path) -> list[str]:
    """Add the secrets that the file does not set; returns their names. The file is its owner's alone."""
    there = dotenv_values(path) if path.exists() else {}
    made = {name: value for name, value in _made_up().items() if not there.get(name)}
    path.touch(mode=0o600)
    path.chmod(0o600)
    text = path.read_text()
    lines = [f"{name}={value}" for name, value in made.items()]
    path.write_text("\n".join([*text.splitlines(), *lines, ""]) if made else text)
    return list(made)


def _made_up() -> dict[str, str]:
    """Letters, digits, - and _ alone: they go into URLs."""
    return {
        "FERNET_KEY": Fernet.generate_key().decode(),
        "API_SECRET_KEY": secrets.token_urlsafe(48),
        "JWT_SECRET": secrets.token_urlsafe(48),
        "METADATA_PASSWORD": secrets.token_urlsafe(24),
        "REDIS_PASSWORD": secrets.token_urlsafe(24),
        "ADMIN_PASSWORD": secrets.token_urlsafe(16),
        "FLOWER_PASSWORD": secrets.token_urlsafe(16),
    }
