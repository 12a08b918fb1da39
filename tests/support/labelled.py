"""Labelled excerpts of logs, alone and among the noise of a real log."""

import random
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "data" / "failed_logs"

NOISE_BEFORE = """\
Cloning into '/workspace'...
HEAD is now at 4f1c2ab Add error handling to the importer
-----> Detected the following buildpacks
npm warn deprecated inflight@1.0.6: This module is not supported, and leaks memory. Do not use it.
npm WARN deprecated request@2.88.2: request has been deprecated
added 812 packages, and audited 813 packages in 21s
found 0 vulnerabilities
Collecting urllib3==2.2.1
  Downloading urllib3-2.2.1-py3-none-any.whl (121 kB)
Requirement already satisfied: exceptiongroup>=1.0 in ./venv/lib (1.2.0)
WARNING: Running pip as the 'root' user can result in broken permissions and conflicting behaviour
go: downloading github.com/pkg/errors v0.9.1
#7 [internal] load build context
#7 transferring context: 2.31MB 0.1s done
#8 CACHED
  - Installing symfony/error-handler (v7.0.4): Extracting archive
Fetching error_highlight 0.6.0
✓ src/errors/not-found.test.ts (4 tests) 12ms
ok  	github.com/acme/shop/internal/timeout	0.021s
tests/test_permissions.py::test_permission_denied_is_reported PASSED
Found 0 errors. Watching for file changes.
[info] error handler registered, 0 failed jobs in the queue
dist/assets/error-boundary-8a1f.js   4.02 kB │ gzip: 1.9 kB
Progress: resolved 1021, reused 1018, downloaded 3, added 1021, done
dist/index.html   0.46 kB │ gzip: 0.30 kB
webpack.Progress 93% asset optimization
[2026-01-02 10:00:00 +0000] [1] [INFO] Starting gunicorn 21.2.0
GET /health 200 1.2 ms
{"level":"info","msg":"retry policy: 3 attempts on failure","time":1767348000}
config loaded: timeout=30s, retries=3, fail_fast=false
""".splitlines()

NOISE_AFTER = """\
npm error A complete log of this run can be found in: /home/app/.npm/_logs/2026-01-01T00-debug-0.log
Cleaning up project directory and file based variables
For documentation on the build process, see the platform's manual
 │
[info] shutting down log forwarder
uploading build logs
Closing connections
bye
""".splitlines()


@dataclass(frozen=True)
class Labelled:
    """An excerpt, what a person says about it, and a part of the line that the person points at."""

    category: str
    ecosystem: str
    line: str
    log: str

    @property
    def categories(self) -> list[str]:
        """All that a person would accept; mostly one."""
        return self.category.split("|")

    def with_noise(self, seed: int) -> str:
        """The excerpt with 10 to 40 lines of ordinary log before it, and a few after."""
        chance = random.Random(seed)
        before = [chance.choice(NOISE_BEFORE) for _ in range(chance.randint(10, 40))]
        after = chance.sample(NOISE_AFTER, chance.randint(0, 4))
        return "\n".join([*before, self.log, *after]) + "\n"


def labelled(name: str) -> list[Labelled]:
    """The excerpts of one file: `known`, `held-out`, `field` or `kinds`."""
    found: list[Labelled] = []
    for part in (FOLDER / f"{name}.txt").read_text(encoding="utf-8").split("\n==== ")[1:]:
        heading, _, log = part.partition("\n")
        label, _, line = heading.partition(" ::")
        category, ecosystem = label.split()
        found.append(Labelled(category, ecosystem, line.strip(), log.strip("\n")))
    return found


def messages() -> list[tuple[str, str]]:
    """Single messages and their categories."""
    lines = (FOLDER / "messages.txt").read_text(encoding="utf-8").splitlines()
    rows = (line.partition("|") for line in lines if not line.startswith("#"))
    return [(category, message.replace("\\n", "\n")) for category, _, message in rows]
