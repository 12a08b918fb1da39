"""The wheel holds what the tree holds, and the layout keeps its promises."""

import io
import json
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import afterpush
from afterpush.infra.remote import wheel as distribution
from tests.support.cli import afterpush as afterpush_command
from tests.support.shared import ROOT

HEAVY = (
    "fabric paramiko pymysql sqlglot rich jinja2 ruamel tree_sitter distributed yaml msgspec urllib3 dotenv "
    "psutil sphinx requests sqlite3 ssl filelock asyncio"
).split()
LOADED = f"print(*sorted(set(sys.modules) & set({HEAVY!r})), file=sys.stderr)"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    # From a copy: in the tree, what an earlier build left in build/ would be packed again.
    copy = folder / "tree"
    for name in ("src", "tasks", "config"):
        shutil.copytree(ROOT / name, copy / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "docs").mkdir()  # The guide to failures is a page of the manual too.
    for name in ("pyproject.toml", "README.md", "LICENSE", "docs/DEPLOYMENT_FAILURE_GUIDE.md"):
        shutil.copy(ROOT / name, copy / name)
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def tree() -> set[str]:
    """Every module and data file that belongs into the wheel, as the wheel names it."""
    sources = ROOT / "src" / "afterpush"
    found = {
        f"afterpush/{path.relative_to(sources)}"
        for path in (path for ending in ("py", "j2", "sh") for path in sources.rglob(f"*.{ending}"))
        if "__pycache__" not in path.parts and path.relative_to(sources).parts[0] not in ("tasks", "defaults")
    }
    found |= {f"afterpush/tasks/{path.name}" for path in (ROOT / "tasks").glob("*.py")}
    defaults = ROOT / "config"
    found |= {
        f"afterpush/defaults/{path.relative_to(defaults)}"
        for path in defaults.rglob("*")
        if path.suffix in (".yaml", ".j2", ".example")
    }
    return found | {"afterpush/py.typed"}


def test_the_wheel_holds_exactly_what_the_tree_holds(wheel: zipfile.ZipFile) -> None:
    packed = {name for name in wheel.namelist() if name.startswith("afterpush/") and not name.endswith("/")}
    ours = {name for name in packed if name.endswith((".py", ".yaml", ".j2", ".example", ".sh", "py.typed"))}
    assert ours == tree()
    assert not {name.split("/")[0] for name in wheel.namelist()} - {
        "afterpush",
        f"afterpush-{afterpush.__version__}.dist-info",
    }


def test_the_wheel_that_other_machines_are_sent_holds_the_same(wheel: zipfile.ZipFile) -> None:
    _, content = distribution.wheel()
    sent = zipfile.ZipFile(io.BytesIO(content))
    assert {name for name in sent.namelist() if not name.endswith("/RECORD")} <= {
        name for name in wheel.namelist() if not name.endswith("/RECORD")
    }
    assert {name for name in sent.namelist() if name.startswith("afterpush/")} >= tree()
    assert distribution.wheel()[1] == content


def test_every_package_is_listed() -> None:
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    sources = ROOT / "src"
    found = {
        ".".join(path.parent.relative_to(sources).parts)
        for path in (sources / "afterpush").rglob("__init__.py")
        if "__pycache__" not in path.parts
    }
    assert found | {"afterpush.tasks", "afterpush.defaults"} == listed


def loaded_by(program: str) -> "tuple[set[str], str]":
    """Which heavy modules a program loads, and its stdout."""
    words = [sys.executable, "-c", f"import sys\n{program}\n{LOADED}"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return set(done.stderr.split()), done.stdout


def test_listing_the_tasks_imports_nothing_heavy_beyond_invoke_itself() -> None:
    listing = (
        "sys.argv = ['afterpush', '--list']\nfrom afterpush.program import program\nprogram.run(exit=False)"
    )
    ours, printed = loaded_by(listing)
    invokes, _ = loaded_by("import invoke")
    assert ours <= invokes
    assert "deploy.monitor" in printed


def test_the_console_script_loads_asyncio_only_for_a_mock_context() -> None:
    listing = (
        "sys.argv = ['afterpush', '--list']\nfrom afterpush.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass"
    )
    loaded, printed = loaded_by(listing)
    assert not loaded & {"asyncio", "ssl"} and "deploy.monitor" in printed
    mocking = "from invoke import MockContext\nprint(MockContext(run='mocked').run('echo').stdout)"
    loaded, printed = loaded_by(f"{listing}\n{mocking}")
    assert "asyncio" in loaded and printed.endswith("mocked\n")


def test_judging_an_app_spec_loads_no_client_of_the_platform() -> None:
    loaded, _ = loaded_by("import afterpush.appspec.validate.validation, afterpush.workflows.spec_validation")
    assert not loaded & {"urllib3", "ssl", "rich", "sqlite3", "jinja2"}


CONTRACT = (
    "deploy.monitor deploy.status deploy.monitors deploy.stop deploy.cleanup deploy.logs deploy.explain "
    "deploy.history hooks.install hooks.uninstall hooks.status hooks.pre-push hooks.post-push "
    "push.run push push.check "
    "conflicts.merge conflicts.resolve conflicts.install conflicts.check migrate.audit migrate.consolidate "
    "migrate.apply migrate.prove prompts.regen prompts.check docs.build docs.check doappspec.validate "
    "doappspec.healthcheck swarm.run env.check demo"
).split()


TELL_TASKS = """
import json
from afterpush.tasks import ns
names = set(ns.task_names) | {alias for aliases in ns.task_names.values() for alias in aliases}
mute = [f"{name} --{argument.name}" for name in ns.task_names for argument in ns[name].get_arguments()
        if not argument.help]
lines = {name: (ns[name].__doc__ or "").strip().split("\\n")[0] for name in ns.task_names}
print(json.dumps([sorted(names), mute, lines]))
"""


def test_every_task_of_the_contract_is_there_with_a_line_of_help_and_help_for_every_flag() -> None:
    _, printed = loaded_by(TELL_TASKS)
    names, mute, lines = json.loads(printed)
    assert set(CONTRACT) <= set(names)
    assert mute == []
    assert not [name for name, line in lines.items() if not line or not line.isascii()]


def test_another_repository_can_use_the_namespace(tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text("from afterpush.tasks import ns\n")
    inv = Path(sys.executable).with_name("inv")
    done = subprocess.run([inv, "--list"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "deploy.monitor" in done.stdout
    wrong = subprocess.run([inv, "deploy.monitor", "--bogus"], cwd=tmp_path, capture_output=True, check=False)
    assert wrong.returncode == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["deploy.statu"], "there is no task deploy.statu; did you mean deploy.status?"),
        (["deploy"], "there is no task deploy, only a namespace: --list=deploy"),
        (["deploy.status", "--waitt"], "deploy.status has no flag --waitt; did you mean --wait?"),
        (["deploy.monitor", "--sha"], "--sha needs a value"),
        (["--lst"], "there is no flag --lst"),
    ],
)
def test_a_slip_on_the_command_line_is_one_line_that_helps(
    tmp_path: Path, words: list[str], said: str
) -> None:
    answer = afterpush_command(*words, cwd=tmp_path)
    assert answer.code == 2 and said in answer.err and len(answer.err.splitlines()) == 1


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    program = f"{sys.executable} -c 'from afterpush.__main__ import main; main()' --list"
    script = f"{program} 2>err | head -n 1"
    subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, check=True)
    assert (tmp_path / "err").read_text() == ""


def test_a_repository_can_take_single_collections_under_names_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text(
        "from invoke import Collection, task\nfrom afterpush.tasks import deploy, prompts\n\n\n"
        "@task\ndef own(context):\n    'Own.'\n\n\n"
        "ns = Collection(own)\nns.add_collection(deploy)\nns.add_collection(prompts, 'texts')\n"
    )
    inv = Path(sys.executable).with_name("inv")
    done = subprocess.run([inv, "--list"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert all(name in done.stdout for name in ("own ", "deploy.monitor", "texts.regen"))
    assert "push.run" not in done.stdout


def test_nothing_imports_the_name_tasks() -> None:
    for path in [*(ROOT / "src" / "afterpush").rglob("*.py"), *(ROOT / "tasks").glob("*.py")]:
        lines = path.read_text().splitlines()
        assert not [line for line in lines if line.startswith(("import tasks", "from tasks"))], path
