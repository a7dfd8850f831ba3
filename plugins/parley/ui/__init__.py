"""The pages in Airflow's UI: Loads and Dashboard."""
