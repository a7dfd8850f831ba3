"""Parley: conversations, shop events and support tickets into tested analytics tables, on schedule."""
