"""Where a bot's models come from: the folder of a Rasa project, and the archives that `rasa train` writes.

A record is one model: a JSON object with what is known of it, its domain, and of a project its stories and rules too.
"""

from __future__ import annotations

import json
import re
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import yaml

from parley.errors import UnpackError
from parley.unpack.csv_source import PROBLEM
from parley.unpack.sources import Record

ARCHIVE = ".tar.gz"
YAML = (".yml", ".yaml")
METADATA = "metadata.json"
DOMAIN = "components/domain_provider/domain.yml"

# What of a training file belongs to the model schema; examples for the NLU do not.
TRAINING = ("stories", "rules")


class _Yaml12(yaml.SafeLoader):
    """YAML 1.2, as Rasa's files are: `no` and `on` are texts. So are 012 and 2024-01-31 here, as written."""


_Yaml12.yaml_implicit_resolvers = {}
_DIGITS = "-+0123456789"
for _tag, _pattern, _first in (
    ("bool", "true|True|TRUE|false|False|FALSE", [*"tTfF"]),
    ("int", "[-+]?(0|[1-9][0-9]*)", [*_DIGITS]),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+", [".", *_DIGITS]),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", [*".-+"]),
    ("null", "~|null|Null|NULL|", [*"~nN", ""]),
    ("merge", "<<", ["<"]),
):
    _Yaml12.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first)


class _NoModelError(ValueError):
    """Why there is no model in a file or folder."""


def read_models(source: str) -> Iterator[Record]:
    """The models of a source.

    Args:
        source: an archive, a folder of archives, or the folder of a project; of a project its `models` too.

    Raises:
        UnpackError: there is nothing at that place.
    """
    path = Path(source)
    if path.is_file():
        yield _record(path, path.name)
        return
    if not path.is_dir():
        raise UnpackError(f"{path} is neither a file nor a folder. Give a Rasa project or a model archive ({ARCHIVE}).")
    is_project = bool(_domain_files(path))
    archives = sorted((path / "models" if is_project else path).rglob(f"*{ARCHIVE}"))
    if not archives and not is_project:
        raise UnpackError(f"{path} holds neither a domain (domain.yml, domain/) nor a model archive ({ARCHIVE}).")
    for archive in archives:
        yield _record(archive, archive.relative_to(path).as_posix())
    if is_project:
        yield _record(path, path.resolve().name)


def _record(path: Path, place: str) -> Record:
    """The model there; what is wrong with it is said in its place, for the engine to set it aside."""
    try:
        model = _project(path) if path.is_dir() else _archive(path)
    except _NoModelError as error:
        return Record(place, 1, str(error), {PROBLEM: str(error)})
    return Record(place, 1, json.dumps(model, default=str), {})


def _archive(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    try:
        # One way through: what follows, the weights, may be large.
        with tarfile.open(path, "r|gz") as archive:
            for member in archive:
                name = member.name.removeprefix("./")
                file = archive.extractfile(member) if name in (METADATA, DOMAIN) else None
                if file is not None:
                    found[name] = json.load(file) if name == METADATA else _load(file, name)
                if METADATA in found and (DOMAIN in found or "domain" in found[METADATA]):
                    break
    except _NoModelError:
        raise
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise _NoModelError(f"not a {ARCHIVE} that can be read: {error}") from error
    except (ValueError, RecursionError) as error:
        raise _NoModelError(f"{METADATA} is not JSON: {error}") from error
    metadata = found.get(METADATA)
    if not isinstance(metadata, dict):
        raise _NoModelError(f"no model of Rasa 3: there is no {METADATA} in it")
    domain = metadata.pop("domain", None) or found.get(DOMAIN)
    if not isinstance(domain, dict):
        raise _NoModelError("there is no domain in it")
    name = path.name.removesuffix(ARCHIVE)
    return {"kind": "archive", "name": name, "metadata": metadata, "domain": domain}


def _project(folder: Path) -> dict[str, Any]:
    domain: dict[str, Any] = {}
    for path in _domain_files(folder):
        for key, value in _read(path, folder).items():
            before = domain.get(key)
            if isinstance(before, list) and isinstance(value, list):
                domain[key] = before + value
            elif isinstance(before, dict) and isinstance(value, dict):
                domain[key] = {**before, **value}
            elif value is not None or key not in domain:
                domain[key] = value
    training: dict[str, list[Any]] = {key: [] for key in TRAINING}
    for path in _yaml_files(folder / "data"):
        content = _read(path, folder)
        for key in TRAINING:
            value = content.get(key) or []
            if not isinstance(value, list):
                raise _NoModelError(f"{path.relative_to(folder)}: '{key}' is not a list")
            training[key] += value
    config = next((_read(path, folder) for path in _files(folder, "config")), {})
    return {"kind": "project", "name": folder.resolve().name, "metadata": config, "domain": domain, **training}


def _domain_files(folder: Path) -> list[Path]:
    return _files(folder, "domain") + _yaml_files(folder / "domain")


def _files(folder: Path, name: str) -> list[Path]:
    return [path for suffix in YAML if (path := folder / f"{name}{suffix}").is_file()]


def _yaml_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in YAML and path.is_file())


def _read(path: Path, folder: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        content = _load(file, path.relative_to(folder).as_posix())
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise _NoModelError(f"{path.relative_to(folder)} does not hold an object")
    return content


def _load(file: IO[bytes], name: str) -> Any:
    try:
        return yaml.load(file, _Yaml12)
    except (yaml.YAMLError, UnicodeError, RecursionError) as error:
        raise _NoModelError(f"{name} is not valid YAML: {' '.join(str(error).split())}") from error
