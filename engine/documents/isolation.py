"""Starting a program without a network, where the system lets us."""
from __future__ import annotations

import shutil
import subprocess
from functools import cache


@cache
def without_network() -> tuple[str, ...]:
    """The words to put before a command: ``unshare`` gives it an empty network of its own.

    Empty where user namespaces are forbidden (some containers): then the sandbox and the check of the file for links
    to the outside stand alone.
    """
    unshare = shutil.which("unshare")
    if unshare is None:
        return ()
    words = (unshare, "--user", "--map-current-user", "--net")
    tried = subprocess.run([*words, "true"], capture_output=True, timeout=10, check=False)
    return words if tried.returncode == 0 else ()
