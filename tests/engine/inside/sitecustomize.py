"""Installed beside the packages: puts the project that is tested on the path of every Python.

The embeddable Python heeds no PYTHONPATH, and does not know a script's folder.
"""

import os
import sys

sys.path.insert(0, os.environ["REGCB_PROJECT"])
