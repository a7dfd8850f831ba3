"""The pages in Airflow's UI: Loads, Dashboard and Docs."""
