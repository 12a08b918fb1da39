"""What the swarm lands is watched like any push: by a monitor that runs on by itself, to a verdict."""

from dataclasses import replace

from tests.support.cli import afterpush
from tests.support.deployed import QUICK, Site, deployed
from tests.support.repositories import Repository
from tests.support.swarm import with_roadmap
from tests.support.waiting import wait_until

WRITE = "echo done >$AFTERPUSH_TASK"


def announce_landings(site: Site) -> None:
    """The remote tells the platform of each push to main, as a webhook does, in a file that is read here."""
    hook = site.repository.remote / "hooks/post-receive"
    hook.write_text('#!/bin/sh\nwhile read -r old new ref; do echo "$new $ref" >>landed; done\n')
    hook.chmod(0o755)


def landed(site: Site) -> list[str]:
    path = site.repository.remote / "landed"
    lines = path.read_text().splitlines() if path.exists() else []
    return [sha for sha, ref in map(str.split, lines) if ref == "refs/heads/main"]


def deploy(site: Site, sha: str) -> None:
    site.platform.push(sha, plan=replace(QUICK, appears_after_seconds=0.05))


def verdict(site: Site, sha: str) -> str:
    answer = site.run("deploy.status", f"--sha={sha}", "--wait", "--json")
    return str(answer.json()["verdict"])


def test_each_landed_commit_gets_a_monitor_that_ends_with_the_platform_s_verdict(
    repository: Repository,
) -> None:
    with deployed(repository) as site:
        with_roadmap(repository, "QA-001", "QA-002")
        announce_landings(site)
        answer = site.run("swarm.run", "--tasks=QA-001", f"--command={WRITE}", "--json")
        assert answer.code == 0, answer.err
        [entry] = answer.json()["tasks"]
        assert landed(site) == [entry["sha"]]
        assert f"watching the deployment of {entry['sha'][:7]}" in answer.err
        # The run is over; its monitor is not, and sees what comes only now.
        [monitor] = site.run("deploy.monitors", "--json").json()
        assert (monitor["sha"], monitor["state"]) == (entry["sha"], "running")
        deploy(site, entry["sha"])
        assert verdict(site, entry["sha"]) == "live"


def test_a_stopped_swarm_leaves_the_monitors_of_what_has_landed(repository: Repository) -> None:
    with deployed(repository) as site:
        with_roadmap(repository, "QA-001")
        answer = site.run("swarm.run", "--tasks=QA-001", f"--command={WRITE}", "--json")
        sha = answer.json()["tasks"][0]["sha"]
        assert afterpush("swarm.stop", cwd=repository.path).code == 0
        wait_until(lambda: site.paper(sha), say=lambda: site.told(sha))
        deploy(site, sha)
        assert verdict(site, sha) == "live"


def test_what_was_on_main_before_is_not_watched_again(repository: Repository) -> None:
    with deployed(repository) as site:
        with_roadmap(repository, "QA-001")
        first = site.run("swarm.run", "--tasks=QA-001", f"--command={WRITE}", "--json")
        assert "watching" in first.err
        again = site.run("swarm.run", "--tasks=QA-001", f"--command={WRITE}", "--json")
        assert again.code == 0 and "watching" not in again.err
