"""Each domain's kind of input, and one way to unpack it."""

from __future__ import annotations

from collections.abc import Mapping

from parley.errors import ConfigurationError
from parley.pipelines import Domain, Pipeline
from parley.unpack.contract import Contract
from parley.unpack.engine import unpack
from parley.unpack.exports import SUPPORT
from parley.unpack.landing import Result
from parley.unpack.model import MODEL
from parley.unpack.parts import Parts
from parley.unpack.rasa import RASA
from parley.unpack.rudderstack import RUDDERSTACK
from parley.unpack.shares import Share, prepare_share, share_out
from parley.unpack.sources import DocumentFiles
from parley.warehouse import Warehouse

CONTRACTS: Mapping[Domain, Contract] = {"chat": RASA, "ecommerce": RUDDERSTACK, "support": SUPPORT}


def unpack_new(
    pipeline: Pipeline,
    warehouse: Warehouse,
    source: str | None = None,
    *,
    strict: bool = False,
    from_start: bool = False,
    parts: Parts | None = None,
) -> Result:
    """Unpack what is new in a pipeline's own source, or in the one given; see `engine.unpack`.

    Args:
        parts: what has been prepared of it; they are removed when it has landed.
    """
    if not pipeline.source:
        raise ConfigurationError(
            f"{pipeline.raw_schema} is written by RudderStack, and its loads are registered when a run starts. "
            "To unpack files instead, unset RS_SCHEMA."
        )
    contract = CONTRACTS[pipeline.domain]
    records = contract.read(source or pipeline.resolved_source())
    prepared = parts.read() if parts else []
    result = unpack(
        records, pipeline.raw_schema, contract, warehouse, strict=strict, from_start=from_start, parts=prepared
    )
    if parts:
        parts.remove()
    return result


def share_out_new(pipeline: Pipeline, warehouse: Warehouse, parts: Parts) -> list[Share]:
    """Share out what is new in a pipeline's own source, if it is files and large; see `shares.share_out`."""
    contract = CONTRACTS[pipeline.domain]
    records = contract.read(pipeline.resolved_source())
    if not isinstance(records, DocumentFiles):
        return []
    return share_out(records, pipeline.raw_schema, contract, warehouse, parts)


def prepare_shared(pipeline: Pipeline, share: Share, parts: Parts) -> int:
    """Prepare a share of what is new in a pipeline's own source; see `shares.prepare_share`."""
    contract = CONTRACTS[pipeline.domain]
    records = contract.read(pipeline.resolved_source())
    assert isinstance(records, DocumentFiles)
    return prepare_share(records, share, contract, parts)


def unpack_new_models(
    pipeline: Pipeline, warehouse: Warehouse, source: str | None = None, *, strict: bool = False
) -> Result:
    """Unpack the models that are new in a bot's own place for them, or in the one given; see `engine.unpack`."""
    if pipeline.domain != "chat":
        raise ConfigurationError(f"'{pipeline.name}' is no bot: it has no models.")
    if not (source or pipeline.model):
        raise ConfigurationError(
            f"The bot '{pipeline.name}' does not say where its models are. Name a Rasa project or a model archive, or "
            f"set 'model' in {pipeline.name}.yml."
        )
    records = MODEL.read(source or pipeline.resolved_model())
    return unpack(records, pipeline.model_schema, MODEL, warehouse, strict=strict)
