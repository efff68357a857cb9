"""How well trackers do beside their peers; `python -m benchmarks.quality` writes the document."""
