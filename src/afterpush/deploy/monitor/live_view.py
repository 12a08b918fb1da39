"""The watch in a terminal: the step tree with durations, progress against this app's own history."""

from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from afterpush.deploy.watch.facts import Finished, State, Verdict, Watching
from afterpush.digitalocean.deployment import Deployment, moment
from afterpush.digitalocean.steps import Step
from afterpush.infra.clock import Clock, duration

# The mark, the same where the terminal shows ASCII only, and the style.
_MARKS = {
    "SUCCESS": ("✔", "+", "green"),
    "ERROR": ("✘", "x", "bold red"),
    "RUNNING": ("●", "*", "cyan"),
    "PENDING": ("○", "-", "dim"),
}
_GOOD = (Verdict.LIVE,)


class LiveView:
    """A context manager that redraws while the watch goes on; `show` takes each new state."""

    def __init__(self, clock: Clock, estimate_seconds: float | None, console: Console | None = None) -> None:
        self._clock = clock
        self._estimate = estimate_seconds
        self._state: State | None = None
        console = console or Console()
        self._is_ascii = console.options.ascii_only
        self._spinner = Spinner("line" if self._is_ascii else "dots", style="cyan")
        self._live = Live(console=console, get_renderable=self._render, refresh_per_second=4, transient=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, state: State) -> None:
        self._state = state
        self._live.refresh()

    def note(self, text: str) -> None:
        self._live.console.print(Text(text, style="yellow"))

    def _render(self) -> RenderableType:
        if self._state is None:
            return Text("looking ...", style="dim")
        return render(self._state, self._clock.now(), self._estimate, self._spinner, is_ascii=self._is_ascii)


def render(
    state: State,
    now: float,
    estimate_seconds: float | None,
    spinner: Spinner | None = None,
    *,
    is_ascii: bool = False,
) -> RenderableType:
    """The whole view of one state at a moment (epoch seconds)."""
    known = state.known
    until = state.finished_at if isinstance(state, Finished) else max(now, known.now)
    parts: list[RenderableType] = [_headline(known, until, spinner if isinstance(state, Watching) else None)]
    if known.deployment and known.deployment.steps:
        parts.append(_tree(known.deployment, until, is_ascii=is_ascii))
    if isinstance(state, Finished):
        parts.append(_verdict(state))
    else:
        parts.append(_progress(until - known.started_at, estimate_seconds, known.deployment))
        parts += [Text(f"  {trouble}", style="yellow") for trouble in known.troubles]
    return Group(*parts)


def _headline(known: Watching, until: float, spinner: Spinner | None) -> RenderableType:
    phase = known.phase or "waiting for the deployment to appear"
    words = Text.assemble(
        (known.sha[:7], "bold"),
        "  ",
        (phase, "cyan"),
        f"  {duration(until - known.started_at)}",
        (f"  by {known.source}" if known.source else "", "dim"),
    )
    if spinner is None:
        return words
    grid = Table.grid(padding=(0, 1))
    grid.add_row(spinner, words)
    return grid


def _tree(deployment: Deployment, until: float, *, is_ascii: bool) -> Tree:
    tree = Tree(Text(f"deployment {deployment.id}", style="dim"), guide_style="dim")
    for step in deployment.steps:
        _branch(tree, step, until, is_ascii=is_ascii)
    return tree


def _branch(tree: Tree, step: Step, until: float, *, is_ascii: bool) -> None:
    shown, plain, style = _MARKS.get(step.status or "", ("?", "?", "yellow"))
    mark = plain if is_ascii else shown
    began, ended = moment(step.started_at), moment(step.ended_at)
    took = f"  {duration(max(0.0, (ended or until) - began))}" if began else ""
    label = Text.assemble((f"{mark} ", style), step.title, (took, "dim"))
    if step.status == "ERROR" and step.reason and step.reason.code:
        label.append(f"  {step.reason.code}", style="red")
    branch = tree.add(label)
    for inner in step.steps or ():
        _branch(branch, inner, until, is_ascii=is_ascii)


def _progress(elapsed: float, estimate: float | None, deployment: Deployment | None) -> RenderableType:
    """Against the usual time where the history knows one, else the platform's own count of steps."""
    counts = deployment.progress if deployment else None
    if estimate:
        share, caption = min(elapsed / estimate, 0.99), f"usually live after {duration(estimate)}"
        if elapsed > estimate:
            caption = f"{duration(elapsed - estimate)} longer than usual ({duration(estimate)})"
    elif counts and counts.total_steps:
        share = (counts.success_steps or 0) / counts.total_steps
        caption = f"{counts.success_steps or 0} of {counts.total_steps} steps"
    else:
        return Text("")
    grid = Table.grid(padding=(0, 1))
    grid.add_row(
        ProgressBar(total=1.0, completed=share, width=30, complete_style="cyan"), Text(caption, style="dim")
    )
    return grid


def _verdict(state: Finished) -> Text:
    style = (
        "bold green" if state.verdict in _GOOD else "bold red" if state.verdict == "failed" else "bold yellow"
    )
    return Text.assemble((state.verdict.value.upper(), style), f"  {state.message}")
