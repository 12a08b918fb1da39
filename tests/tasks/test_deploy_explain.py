"""`deploy.explain` as a user runs it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from afterpush.simulator.scenario import build_failure, deploy_failure, stuck
from tests.support.cli import afterpush
from tests.support.deployed import Site
from tests.support.repositories import Repository
from tests.support.waiting import wait_until


def test_a_log_file_is_explained_outside_of_any_repository(tmp_path: Path) -> None:
    log = tmp_path / "build.log"
    log.write_text("installing\n\x1b[31mnpm error code ERESOLVE\x1b[0m\nbye\n")
    answer = afterpush("deploy.explain", f"--log={log}", "--json", cwd=tmp_path)
    assert answer.code == 0
    document = answer.json()
    assert document["category"] == "dependency_install"
    assert document["line"] == "npm error code ERESOLVE"
    assert document["line"] in document["excerpt"]
    assert document["root_line"] == document["line"]
    assert document["line_number"] == 2
    assert document["guide"].endswith("deploy.explain --guide=dependency_install")
    keys = "category title excerpt line root_line component step commit evidence confidence hint guide"
    assert set(keys.split()) <= set(document)
    brief = afterpush("deploy.explain", f"--log={log}", "--json", "--brief", cwd=tmp_path)
    assert len(brief.out.encode()) <= 900
    assert brief.json()["category"] == "dependency_install"


def test_the_log_of_a_good_run_makes_its_lines_weigh_less(tmp_path: Path) -> None:
    good, failed = tmp_path / "good.log", tmp_path / "failed.log"
    usual = "sh: 1: legacy-tool: Permission denied\n"
    good.write_text(usual)
    failed.write_text(f"{usual}Error: Route.get() requires a callback\n    at a.js:1:1\n")
    answer = afterpush("deploy.explain", f"--log={failed}", "--json", cwd=tmp_path)
    assert answer.json()["category"] == "permission_denied"
    answer = afterpush("deploy.explain", f"--log={failed}", f"--passing={good}", "--json", cwd=tmp_path)
    assert answer.json()["category"] == "app_crash"
    wrong = afterpush("deploy.explain", f"--log={failed}", "--passing=none.log", cwd=tmp_path)
    assert (wrong.code, wrong.err.count("\n")) == (2, 1)


def test_the_guide_comes_with_the_package(tmp_path: Path) -> None:
    answer = afterpush("deploy.explain", "--guide=timeout", cwd=tmp_path)
    assert answer.code == 0
    assert answer.out.startswith("timeout\n") and "**Do:**" in answer.out
    wrong = afterpush("deploy.explain", "--guide=timeouts", cwd=tmp_path)
    assert wrong.code == 2 and "did you mean timeout?" in wrong.err


def test_standard_input_is_explained_for_people(tmp_path: Path) -> None:
    answer = afterpush("deploy.explain", "--log=-", cwd=tmp_path, stdin="fatal error: the moon is full\n")
    assert answer.code == 0
    assert answer.out.startswith("unknown: ")
    assert "> fatal error: the moon is full" in answer.out


def test_an_empty_standard_input_is_unknown(tmp_path: Path) -> None:
    answer = afterpush("deploy.explain", "--log=-", "--json", cwd=tmp_path, stdin="")
    assert (answer.code, answer.json()["category"]) == (0, "unknown")


def test_the_teams_signatures_are_used_and_their_mistakes_named(repository: Repository) -> None:
    entry = "signatures:\n  - {id: forge, category: timeout, pattern: forge gave up, hint: Heat it.}\n"
    repository.write("config/failures.yaml", entry)
    answer = afterpush("deploy.explain", "--log=-", "--json", cwd=repository.path, stdin="forge gave up\n")
    assert (answer.json()["category"], answer.json()["hint"]) == ("timeout", "Heat it.")
    repository.write("config/failures.yaml", entry.replace("timeout", "timout"))
    answer = afterpush("deploy.explain", "--log=-", cwd=repository.path, stdin="forge gave up\n")
    assert answer.code == 2
    assert "did you mean timeout?" in answer.err
    assert "Traceback" not in answer.err


def test_secrets_of_the_environment_are_not_repeated(repository: Repository) -> None:
    answer = afterpush(
        "deploy.explain",
        "--log=-",
        "--json",
        cwd=repository.path,
        env={"DB_PASS": "swordfish-9"},
        stdin="tried swordfish-9\nError: connect ECONNREFUSED 10.0.0.5:5432\n",
    )
    assert answer.json()["category"] == "database_unreachable"
    assert "swordfish-9" not in answer.out + answer.err


def test_wrong_use_is_one_line_and_exit_2(repository: Repository) -> None:
    for words in (["--log=none.log"], ["--log=."], ["--log=a", "--sha=HEAD"], ["--sha=nonsense"]):
        answer = afterpush("deploy.explain", *words, cwd=repository.path)
        assert answer.code == 2, words
        assert answer.err.count("\n") == 1
        assert "Traceback" not in answer.err


def test_a_commit_without_any_log_says_how_to_get_one(repository: Repository) -> None:
    answer = afterpush("deploy.explain", cwd=repository.path)
    assert answer.code == 5
    assert "DIGITALOCEAN_TOKEN" in answer.err
    assert "--log=FILE" in answer.err


def test_a_failed_monitor_ends_with_category_root_line_hint_and_what_still_runs(site: Site) -> None:
    sha = site.commit(build_failure(0.5))
    answer = site.run("deploy.monitor")
    assert answer.code == 1
    assert "why: lockfile_outdated: " in answer.out
    assert "  ERR_PNPM_OUTDATED_LOCKFILE" in answer.out
    assert "what to do: Run `pnpm install`" in answer.out
    assert "production still runs c0ffee5" in answer.out
    log = (site.state / f"deployment-status-{sha[:7]}.log").read_text()
    assert "why: lockfile_outdated: " in log
    record = site.run("deploy.history", "--json").json()[0]
    assert (record["sha"], record["category"]) == (sha, "lockfile_outdated")


def test_the_document_of_a_failed_monitor_holds_the_explanation(site: Site) -> None:
    site.commit(deploy_failure(0.4, 3.0))
    document = site.run("deploy.monitor", "--json").json()
    assert (document["verdict"], document["category"]) == ("failed", "app_crash")
    assert document["explanation"]["line"].endswith("(reading 'errorHandler')")
    assert document["production"]["sha"].startswith("c0ffee5")
    assert "production still runs c0ffee5 since" in document["message"]


def test_the_caught_log_explains_the_commit_when_the_platform_has_forgotten(site: Site) -> None:
    sha = site.commit(deploy_failure(0.4, 3.0))
    site.run("deploy.monitor", "--json")
    without = {"DIGITALOCEAN_TOKEN": "", "AFTERPUSH_APP": ""}
    answer = afterpush("deploy.explain", f"--sha={sha}", "--json", cwd=site.repository.path, env=without)
    assert (answer.code, answer.json()["category"]) == (0, "app_crash")


def test_a_commit_that_nobody_watched_is_explained_from_the_platform(site: Site) -> None:
    site.commit(build_failure(0.2))
    wait_until(lambda: site.run("deploy.explain", "--json").json().get("category") == "lockfile_outdated")


def test_a_live_commit_has_nothing_to_explain_and_leaves_hashes_of_its_logs(site: Site) -> None:
    sha = site.commit(stuck())
    with ThreadPoolExecutor() as pool:
        watching = pool.submit(site.run, "deploy.monitor", "--json")
        site.until(sha, "BUILDING")
        site.go_on(sha)
        caught = site.state / f"deployment-status-{sha[:7]}.build.log"
        wait_until(lambda: caught.exists() and caught.stat().st_size, "the build's log is caught")
        site.go_on(sha)
        assert watching.result().json()["verdict"] == "live"
    answer = site.run("deploy.explain")
    assert answer.code == 0
    assert "is live: nothing failed" in answer.out
    document = site.run("deploy.explain", "--json").json()
    assert document["category"] is None and "error" not in document
    (hashes,) = site.state.glob("deployment-good-*.hashes")
    assert 0 < hashes.stat().st_size <= 200_000
    assert b"build" not in hashes.read_bytes()


def test_a_mistake_in_the_teams_signatures_does_not_cost_the_verdict(site: Site) -> None:
    site.repository.write("config/failures.yaml", "signatures: 7\n")
    site.commit(build_failure(0.3))
    answer = site.run("deploy.monitor", "--json")
    assert (answer.code, answer.json()["verdict"]) == (1, "failed")
    assert "failures.yaml" in answer.err


def test_status_without_a_commit_tells_what_is_live_on_its_way_and_failed_last(site: Site) -> None:
    failed = site.commit(build_failure(0.3))
    site.run("deploy.monitor", "--json")
    coming = site.commit(stuck())
    answer = site.run("deploy.status", "--json")
    assert answer.code == 5
    document = answer.json()
    assert (document["sha"], document["verdict"]) == (coming, "none")
    seen = document["overview"]
    assert seen["source"] == "platform"
    assert seen["live"]["sha"].startswith("c0ffee5")
    assert [one["sha"] for one in seen["on_its_way"]] == [coming]
    assert (seen["failed_last"]["sha"], seen["failed_last"]["category"]) == (failed, "lockfile_outdated")
    shown = site.run("deploy.status").out
    assert "live now     c0ffee5" in shown
    assert f"on its way   {coming[:7]}" in shown
    assert f"failed last  {failed[:7]}" in shown


def test_status_without_the_platform_answers_from_the_history(site: Site) -> None:
    live = site.commit()
    site.run("deploy.monitor", "--json")
    seen = site.run("deploy.status", "--json", DIGITALOCEAN_API_URL="http://127.0.0.1:9").json()["overview"]
    assert (seen["source"], seen["live"]["sha"]) == ("history", live)
    assert (seen["on_its_way"], seen["failed_last"]) == ([], None)


def test_status_of_a_named_commit_has_no_overview(site: Site) -> None:
    site.commit()
    site.run("deploy.monitor", "--json")
    assert "overview" not in site.run("deploy.status", "--sha=HEAD", "--json").json()


def test_the_history_is_a_page_a_table_and_the_dora_figures(site: Site, tmp_path: Path) -> None:
    site.commit()
    site.run("deploy.monitor", "--json")
    page = tmp_path / "history.html"
    answer = site.run("deploy.history", f"--html={page}", "--json")
    assert answer.code == 0
    assert answer.json()[0]["verdict"] == "live"
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "1 of 1 went live (100 %)" in site.run("deploy.history").out
    measured = site.run("deploy.history", "--dora", "--days=7", "--json").json()
    assert (measured["window_days"], measured["deployments"], measured["change_failure_rate"]) == (7, 1, 0)
    for words in (["--html=/none/x.html"], ["--html="], ["--dora", "--days=0"], ["--limit=x"]):
        wrong = site.run("deploy.history", *words)
        assert (wrong.code, wrong.err.count("\n")) == (2, 1), words
