#!python3.9
"""The registry callbacks of the target in WinDbg, cdb or kd: !py regcb.py list (regcb.py --help)

Runs from a checkout, or from wherever the project was unzipped. The pykd bootstrapper takes the
Python that the first line names, unless it is told one (!py -3.8 regcb.py list).
"""

import sys
from pathlib import Path

# The bootstrapper runs a script as a string: it has no __file__.
sys.path.insert(0, str(Path(sys.argv[0]).resolve().parents[1]))

try:
    from pykd_ext.commands.main import main

    main()
except ImportError as error:
    print(f"regcb: {error}: !pip install tabulate capstone gets what it needs")
