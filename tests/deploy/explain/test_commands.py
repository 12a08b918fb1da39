"""Where a log says only that a command failed: what the command was tells the kind of failure, and where."""

import pytest

from afterpush.deploy.explain.answer import Explanation
from afterpush.deploy.explain.commands import work_of
from afterpush.deploy.explain.explanation import explain
from afterpush.deploy.explain.signature_files import load_failures

FAILURES = load_failures()


def explained(log: str) -> Explanation:
    return explain([log.encode()], FAILURES)


@pytest.mark.parametrize(
    ("command", "category"),
    [
        ("pnpm install --frozen-lockfile", "dependency_install"),
        ("--mount=type=cache,target=/root/.cache/uv uv sync --no-dev:", "dependency_install"),
        ("apt-get update && apt-get install -y libpq-dev", "dependency_install"),
        ("if [ -f package-lock.json ]; then npm ci; fi", "dependency_install"),
        ("yarn --frozen-lockfile", "dependency_install"),
        ("NODE_ENV=test npx jest --ci", "test_failed"),
        ("cd api && go test ./...", "test_failed"),
        ("npm run test:unit", "test_failed"),
        ("bundle exec rubocop", "lint_failed"),
        ("pnpm run lint", "lint_failed"),
        ("python manage.py migrate --noinput", "migration_failed"),
        ("npx prisma migrate deploy", "migration_failed"),
        ("npm ci && npm run build", None),
        ("yarn build", None),
        ("./deploy.sh", None),
        ("echo done", None),
    ],
)
def test_what_a_command_does_tells_what_failed_with_it(command: str, category: str | None) -> None:
    assert work_of(command, FAILURES.commands)[0] == category


ONLY_A_COMMAND = {
    "docker": (
        "#7 [deps 2/4] RUN composer install --no-dev\n"
        "#7 1.2 Loading repositories\n"
        "#7 3.4 error: the mirror speaks a newer protocol\n"
        '#7 ERROR: process "composer install --no-dev" did not complete successfully: exit code: 3\n',
        "dependency_install",
        3,
    ),
    "gitlab": (
        "$ bundle install\nCould not reach agreement with the mirror\nERROR: Job failed: exit code 1\n",
        "dependency_install",
        2,
    ),
    "actions": (
        "Run npx stylelint src\nerror: 2 sheets are not tidy\nError: Process completed with exit code 2.\n",
        "lint_failed",
        2,
    ),
    "build": (
        "$ make pages\nerror: page 3 has no title\nmake: *** [Makefile:3: pages] Error 1\n",
        "build_command_failed",
        2,
    ),
    "silent": ("$ make pages\nmake: *** [Makefile:3: pages] Error 1\n", "build_command_failed", 2),
    "a command that ended well did not fail": (
        "#7 [2/4] RUN npm ci\n#7 DONE 9.1s\n#9 pushing\nERROR: failed to solve: the store said no\n",
        "build_command_failed",
        4,
    ),
    "advice is no command": (
        "Run npm ci\nerror: no agreement was reached\nRun the program again later.\n"
        "Error: Process completed with exit code 1.\n",
        "dependency_install",
        2,
    ),
}


@pytest.mark.parametrize("kind", ONLY_A_COMMAND)
def test_the_first_fault_since_the_command_began_is_the_root_line(kind: str) -> None:
    log, category, root = ONLY_A_COMMAND[kind]
    found = explained(log)
    assert (found.category, found.line_number) == (category, root)


def test_the_title_names_the_part_of_the_command_that_failed() -> None:
    log = "Run cd web && npx stylelint src\nError: Process completed with exit code 2.\n"
    assert explained(log).title.endswith("stops at it: `stylelint src` failed.")


def test_a_signature_that_fits_comes_before_what_the_command_was() -> None:
    log = "$ npm ci\nnpm error code ENOSPC: no space left on device\nERROR: Job failed: exit code 1\n"
    assert explained(log).category == "disk_full"


def test_the_root_line_of_a_traceback_is_its_exception() -> None:
    log = (
        "api | Traceback (most recent call last):\n"
        'api |   File "/app/queue.py", line 7, in take\n'
        "api |     raise Exhausted(name)\n"
        "api | shop.queue.Exhausted: orders\n"
        "api exited with code 1\n"
    )
    found = explained(log)
    assert (found.category, found.line_number, found.component) == ("app_crash", 4, "api")


def test_a_process_that_was_started_again_got_past_what_ended_it() -> None:
    early = (
        "db  | FATAL:  the database system is starting up\n"
        "api | Error: the database system is starting up\n"
        "shop_api exited with code 1\n"
    )
    up = "db  | the database is ready to accept connections\napi | listening on 0.0.0.0:8080\n"
    assert explained(early).category == "database_unreachable"
    assert explained(early + up).category in (None, "unknown")


@pytest.mark.parametrize(
    "line",
    [
        "relation carts does not exist: request failed",
        "20-tune.sh: info: cannot modify /etc/x.conf (read-only file system?)",
        "WARN mailer: authentication failed, mail is off",
    ],
)
def test_a_server_that_goes_on_after_a_complaint_has_not_failed(line: str) -> None:
    assert explained(f"listening on :8080\n{line}\n" + "GET /orders 200\n" * 4).category in (None, "unknown")


@pytest.mark.parametrize(
    "ending",
    [
        'deployment "web" successfully rolled out',
        "Apply complete! Resources: 1 added, 0 changed, 0 destroyed.",
        'Release "web" has been upgraded. Happy Helming!',
        "success: web entered RUNNING state, process has stayed up for > than 1 seconds",
    ],
)
def test_a_deployment_that_ends_well_gets_no_cause(ending: str) -> None:
    log = f"Readiness probe failed: connection refused\nweb (exit status 1; not expected)\n{ending}\n"
    assert explained(log).category in (None, "unknown")


HEADINGS = {
    "the generator's heading": (
        "[11ty] Problem writing Eleventy templates:\n[11ty] 1. in ./a.njk\n[11ty]   Error: no filter: day\n",
        3,
    ),
    "the requirement under composer's sentence": (
        "Your requirements could not be resolved to an installable set of packages.\n\n  Problem 1\n"
        "    - Root composer.json requires ext-gmp but it is missing from your system.\n",
        4,
    ),
    "what the crate's build script said": (
        "error: failed to run custom build command for `tonic-build v0.1.0`\n\nCaused by:\n"
        '  --- stderr\n  Error: Custom { kind: NotFound, error: "no protoc" }\n',
        5,
    ),
    "nothing below": ("[11ty] Problem writing Eleventy templates:\nWrote 0 files\n", 1),
}


@pytest.mark.parametrize("kind", HEADINGS)
def test_below_a_heading_stands_the_root_line(kind: str) -> None:
    log, root = HEADINGS[kind]
    assert explained(log).line_number == root
