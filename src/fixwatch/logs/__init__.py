"""Logs of FIX messages to columns: files of any size, compressed or not, to Polars frames and Parquet."""
