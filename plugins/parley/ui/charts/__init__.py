"""Charts as plain functions from rows to a Plotly figure, a module for each domain."""
