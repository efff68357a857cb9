"""Spotgpu: find particles in movies, link them through time, measure their motion."""
