"""Errors whose message tells the user what to do; commands print them without a traceback."""


class ParleyError(Exception):
    """Something the user can mend."""


class ConfigurationError(ParleyError):
    """A setting is missing or wrong."""


class WarehouseBusyError(ParleyError):
    """Another process held the warehouse for longer than we were told to wait."""


class BackfillError(ParleyError):
    """A run was asked for what cannot be done."""


class WarehouseUnreachableError(ParleyError):
    """The server of the warehouse is down, or does not let us in."""


class UnpackError(ParleyError):
    """The input cannot be unpacked."""


class SchemaError(ParleyError):
    """A raw schema, or a version of it, is not there or not to be had in this way."""
