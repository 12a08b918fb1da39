"""The beginning of a watch: where its state is kept, also when many begin at once."""

import subprocess
import sys
from pathlib import Path

BEGIN_OFTEN = """
import sys
from pathlib import Path
from afterpush.deploy.monitor.session import _writable
from afterpush.infra.state import StateFolder

folder = StateFolder(Path(sys.argv[1]), Path(sys.argv[1], "history.db"))
sys.stdin.read(1)
for _ in range(4000):
    _writable(folder, sys.exit)
"""


def test_all_that_begin_at_once_can_keep_state(tmp_path: Path) -> None:
    words = [sys.executable, "-c", BEGIN_OFTEN, str(tmp_path)]
    both = [subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    for process in both:
        assert process.stdin is not None
        process.stdin.close()
    assert [(process.stderr and process.stderr.read(), process.wait()) for process in both] == [(b"", 0)] * 2
    assert list(tmp_path.iterdir()) == [], "what was tried is gone"
