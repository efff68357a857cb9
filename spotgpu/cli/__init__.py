"""The command line."""

from spotgpu.cli._app import app, main

__all__ = ["app", "main"]
