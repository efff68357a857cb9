"""Speed of spotgpu beside named peers; `python -m benchmarks` prints the table."""
