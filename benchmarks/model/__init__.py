"""How long the kernels would take on some GPUs, from what is counted without one.

`python -m benchmarks.model` prints the tables; nothing here is measured on a GPU.
"""
