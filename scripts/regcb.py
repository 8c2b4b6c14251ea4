"""What WinDbg runs: !py -3.9 regcb.py list

Finds the package beside the script's folder when it is not installed.
"""

import os
import sys

try:
    import pykd_ext.commands.main as regcb
except ImportError:
    # Not __file__: the pykd bootstrapper runs a script as a string.
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(sys.argv[0])), ".."))
    import pykd_ext.commands.main as regcb

regcb.main()
