"""An explanation as text for a terminal."""

from afterpush.deploy.explain.explanation import Explanation


def explanation_text(found: Explanation) -> str:
    """The category and its meaning, the root line among its neighbours, what to do, where to read on."""
    where = f"line {found.line_number}" if found.line_number else "the platform says"
    lines = [f"{found.category}: {found.title}"]
    if found.excerpt:
        lines += ["", f"  {where}:" if found.line else "  the last lines:"]
        lines += [f"  {'>' if line == found.line else ' '} {line}".rstrip() for line in found.excerpt]
    lines += ["", f"what to do: {found.hint}"]
    if found.symptoms:
        lines.append(f"also seen: {', '.join(found.symptoms)}")
    return "\n".join([*lines, f"guide: {found.guide}"])


def short_explanation(found: Explanation) -> list[str]:
    """The three lines with which a failed watch ends: category, root line, hint."""
    lines = [f"why: {found.category}: {found.title}"]
    if found.line:
        lines.append(f"  {found.line.strip()}")
    return [*lines, f"what to do: {found.hint}", f"guide: {found.guide}"]
