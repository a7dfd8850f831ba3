"""Errors whose message tells the user what to do; commands print them without a traceback."""


class ParleyError(Exception):
    """Something the user can mend."""


class ConfigurationError(ParleyError):
    """A setting is missing or wrong."""


class WarehouseBusyError(ParleyError):
    """Another process held the warehouse for longer than we were told to wait."""


class BackfillError(ParleyError):
    """A run was asked for what cannot be done."""


class UnpackError(ParleyError):
    """The input cannot be unpacked."""
