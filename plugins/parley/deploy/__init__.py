"""Parley in other places than this machine: its secrets, releases and environments. See docs/deployment.md."""
