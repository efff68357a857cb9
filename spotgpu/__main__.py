"""`python -m spotgpu` is the command line."""

import sys

from spotgpu.cli import main

if __name__ == "__main__":
    sys.exit(main())
