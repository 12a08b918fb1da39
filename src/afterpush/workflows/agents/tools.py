"""The tools of an agent, composed of what the tasks do: `deploy.status` judges, `deploy.explain` explains."""

from typing import TYPE_CHECKING

from afterpush import __version__
from afterpush.agents.serve import Service, serve
from afterpush.infra.configuration.environment_variables import read_environment
from afterpush.infra.git import top_level
from afterpush.workflows.agents.gate import settle
from afterpush.workflows.push import Wanted, push_here, watch_push

if TYPE_CHECKING:
    from afterpush.deploy.explain.answer import Explanation
    from afterpush.deploy.watch.outcome import Outcome

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from afterpush.agents.answers import GOOD, Answer, Live, cleaned
from afterpush.agents.guidance import AFTER_AN_ERROR, todo
from afterpush.agents.session import last_push
from afterpush.infra.clock import SystemClock
from afterpush.infra.console import plain
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.workflows.agents.known import explanation_of, is_on_remote, known, with_production
from afterpush.workflows.app_repository import AppRepository, app_repository

_MOST_LOG_CHARACTERS = 4 << 20


def serve_here(*, allow_push: bool) -> None:
    """Serves the client at stdin and stdout until it goes."""
    serve(Service(lambda folders: RepositoryTools(folders), __version__, allow_push))


def pushed_last(here: AppRepository) -> tuple[str, float] | None:
    """The commit that was pushed last here, and when."""
    settings = here.settings
    return last_push(here.repo, here.state.pushes, settings.push.remote, settings.deploy.branches)


class RepositoryTools:
    """The tools in the repository that the client works in: one of its roots, else the current folder's."""

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        self._folders = folders
        self._here: AppRepository | None = None

    @property
    def here(self) -> AppRepository:
        """The repository. Raises AfterpushError where none of the client's roots is in one."""
        if self._here is None:
            self._here = _repository_of(self._folders)
        return self._here

    def verdict(self, sha: str | None, *, detail: bool) -> Answer:
        """What is known of a commit now; asked of the platform once where nobody watches it."""
        found = with_production(self.here, known(self.here, self._commit(sha)))
        explanation = explanation_of(self.here, found) if found.verdict == "failed" else None
        answer = _of_outcome(found, explanation, detail=detail)
        if found.verdict == "live":
            settle(self.here, found.sha)
        return cleaned(answer, self.here.environment.redactor())

    def watch(self, sha: str | None) -> str:
        """Starts a monitor of the commit unless it has a verdict, or is watched already."""
        from afterpush.workflows.deploy.watch import start_background

        commit = self._commit(sha)
        if known(self.here, commit).verdict in _WATCHABLE and is_on_remote(self.here, commit):
            start_background(self.here, commit)
        return commit

    def progress(self, sha: str) -> str | None:
        from afterpush.deploy.monitor.status import status

        found = status(self.here.state, sha, SystemClock().now())
        return found.message if found.verdict == "running" else None

    def explain(self, sha: str | None, log: str | None, *, detail: bool) -> Answer:
        """Why a deployment failed, or what a log shows."""
        if log is not None:
            found = _explained_text(self._here_if_any(), log)
            return cleaned(_of_explanation(found, None, detail=detail), self._redactor())
        from afterpush.workflows.deploy.explain import explain_commit

        commit = self._commit(sha)
        found = explain_commit(self.here, commit, None)
        return cleaned(_of_explanation(found, commit, detail=detail), self._redactor())

    def push(self, *, dry_run: bool, autostash: bool) -> Answer:
        """What `inv push` does, with its guards."""
        outcome = push_here(self.here, Wanted(autostash=autostash), dry_run=dry_run)
        watch = watch_push(self.here, outcome) if outcome.pushed else None
        is_bad = outcome.exit_code is not ExitCode.GOOD
        conflicts = "; ".join(outcome.clash.paths) if outcome.clash else None
        if is_bad:
            what = "Settle the conflict in these files, commit, then push again." if conflicts else ""
        else:
            what = todo("running") if watch and "pid" in watch else (watch or {}).get("reason") or ""
        answer = Answer(
            verdict="running" if watch and "pid" in watch else None,
            sha=outcome.sha,
            message=outcome.message,
            why=f"in conflict: {conflicts}" if conflicts else None,
            what_to_do=what,
            live=None,
            code=outcome.exit_code.word if is_bad else GOOD,
            is_error=is_bad,
        )
        return cleaned(answer, self._redactor())

    def failure(self, error: AfterpushError) -> Answer:
        """An error: its sentence says what to do."""
        answer = Answer(None, None, str(error), None, AFTER_AN_ERROR, None, error.code, is_error=True)
        return cleaned(answer, self._redactor())

    def _commit(self, sha: str | None) -> str:
        from afterpush.workflows.deploy.watch import commit_of

        pushed = pushed_last(self.here) if sha is None else None
        return pushed[0] if pushed else commit_of(self.here, sha)

    def _here_if_any(self) -> AppRepository | None:
        with contextlib.suppress(AfterpushError):
            return self.here
        return None

    def _redactor(self) -> Any:
        here = self._here_if_any()
        with contextlib.suppress(AfterpushError):
            if here:
                return here.environment.redactor()
        return read_environment(None).redactor()


_WATCHABLE = frozenset(("running", "crashed", "stopped", "timeout", "none", "unreachable"))


def _repository_of(folders: Sequence[Path]) -> AppRepository:
    if not folders:
        return app_repository()

    current = Path.cwd()
    for folder in sorted(folders, key=lambda folder: not current.is_relative_to(folder)):
        with contextlib.suppress(AfterpushError):
            if folder.is_dir():
                return AppRepository(top_level(folder))
    named = ", ".join(map(str, folders[:3]))
    raise AfterpushError(
        f"reading the client's folder: {named} is in no git work tree; open the app's repository"
    )


def _of_outcome(found: "Outcome", explanation: dict[str, Any] | None, *, detail: bool) -> Answer:
    why, what = None, todo(found.verdict)
    if explanation and explanation.get("category"):
        from afterpush.deploy.explain.line_prefix import body

        line = body(str(explanation.get("root_line") or explanation.get("line") or "")).strip()
        why = f"{explanation['category']}: {explanation['title']}" + (
            f' The log says: "{line}"' if line else ""
        )
        what = f"{explanation['hint']} Then push again."
    elif found.reason and (said := found.reason.message or found.reason.code):
        why = f'The platform says: "{said}"'
    runs = found.production
    return Answer(
        verdict=found.verdict,
        sha=found.sha,
        message=found.message,
        why=why,
        what_to_do=what,
        live=Live(runs.sha, runs.since) if runs else None,
        code=GOOD if found.exit_code is ExitCode.GOOD else found.exit_code.word,
        detail={"status": plain(found), "explanation": plain(explanation)} if detail else {},
    )


def _explained_text(here: AppRepository | None, log: str) -> "Explanation":
    from afterpush.deploy.explain.answer import NOTHING_KNOWN
    from afterpush.workflows.deploy.explain import explained

    pieces = [log[-_MOST_LOG_CHARACTERS:].encode("utf-8", "replace")]
    environment = here.environment if here else read_environment(None)
    return explained(here.root if here else None, pieces, NOTHING_KNOWN, environment)


def _of_explanation(found: "Explanation", sha: str | None, *, detail: bool) -> Answer:
    from afterpush.deploy.explain.line_prefix import body
    from afterpush.deploy.explain.rendering import document, heading

    line = body(found.root_line).strip() if found.category else ""
    return Answer(
        verdict=None,
        sha=sha,
        message=heading(found),
        why=f'The log says: "{line}"' if line else None,
        what_to_do=found.hint,
        live=None,
        code=ExitCode.BAD_ANSWER.word if found.category else GOOD,
        detail=document(found) if detail else {},
    )
