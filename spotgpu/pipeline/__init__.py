"""The rooms composed: a movie in, spots, trajectories and diffusion out."""

from spotgpu.pipeline._batch import batch

__all__ = ["batch"]
