"""The unpacking engine: nested events into a relational raw schema, one load at a time.

dlt reads its settings from the environment when it is imported, so they are made here, before any module of this
package imports it: its files stay inside the project, it calls nobody, and names follow the ingestion contract.
"""

import os

from parley import settings

os.environ.setdefault("DLT_DATA_DIR", str(settings.STATE / "dlt"))
os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
os.environ.setdefault("RUNTIME__LOG_LEVEL", "ERROR")
# dlt would import all of Airflow to look for secrets in its variables.
os.environ.setdefault("PROVIDERS__ENABLE_AIRFLOW_SECRETS", "false")
os.environ["SCHEMA__NAMING"] = "parley.unpack.naming"
# Rows come to dlt as Arrow tables; it adds the one column that they cannot know.
os.environ["NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID"] = "true"
# Of the pieces of a table the later ones may have columns that the earlier ones lack.
os.environ["DATA_WRITER__ARROW_CONCAT_PROMOTE_OPTIONS"] = "default"
# The files are read once, a moment later.
os.environ.setdefault("DATA_WRITER__COMPRESSION", "none")
# Pieces are large enough as they come; dlt would wait for 5,000 rows, however large.
os.environ.setdefault("DATA_WRITER__BUFFER_MAX_ITEMS", "1")
# Each of the tables that are written at the same time needs memory; dlt would write twenty.
os.environ.setdefault("LOAD__WORKERS", "2")
WRITTEN_AT_ONCE = settings.number("LOAD__WORKERS", 2)
