"""An explanation as text for a terminal."""

from afterpush.deploy.explain.explanation import Explanation


def explanation_text(found: Explanation) -> str:
    """The category and its meaning, the root line among its neighbours, what to do, where to read on."""
    lines = [f"{found.category}: {found.title}"]
    if found.excerpt:
        lines += ["", f"  {_place(found)}:"]
        lines += [f"  {'>' if line == found.line else ' '} {line}".rstrip() for line in found.excerpt]
    lines += ["", f"what to do: {found.hint}"]
    if found.symptoms:
        lines.append(f"also seen: {', '.join(found.symptoms)}")
    return "\n".join([*lines, f"guide: {found.guide}"])


def _place(found: Explanation) -> str:
    """Where the root line stands. Without a number it is the platform's, or no line looked like a fault."""
    if found.line_number:
        return f"line {found.line_number}"
    return "the platform says" if found.signature else "the last lines"


def short_explanation(found: Explanation) -> list[str]:
    """The three lines with which a failed watch ends: category, root line, hint."""
    lines = [f"why: {found.category}: {found.title}"]
    if found.line:
        lines.append(f"  {found.line.strip()}")
    return [*lines, f"what to do: {found.hint}", f"guide: {found.guide}"]
