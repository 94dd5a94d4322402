"""Logs in, lake out: sources, ingest, enrichment, baselines, views, flows and the command."""
