"""`${VAR}`, `$VAR` and `${component.KEY}`: what is filled in before, and what after the spec is read.

The deploy action replaces `${VAR}` and `$VAR` in the text of the spec before it parses it, everything apart
from names with a dot and the app's own three (digitalocean/app_action, utils/env.go). The platform replaces
`${component.KEY}`, the bindable variables, when it deploys. Other tools fill in `{{ VAR }}`.
"""

import re

_TEMPLATE = re.compile(r"\$(?:\{[^{}\s]+\}|[A-Za-z_]\w*)|\{\{[^{}]+\}\}")
BINDABLE = re.compile(r"\$\{([\w-]+)\.([\w.-]+)\}")


def has_template(text: str) -> bool:
    """Whether something in the text is filled in later, so that the text itself says little."""
    return bool(_TEMPLATE.search(text))


def could_match(form: str, text: str) -> bool:
    """Whether a text can have a form once its templates are filled in.

    With a template nearly everything can come of it, but what is before the first one stays: of
    `health${X}` no path that begins with / will come.
    """
    if not has_template(text):
        return bool(re.search(form, text))
    fixed = _TEMPLATE.split(text, maxsplit=1)[0]
    return not fixed or fixed.startswith("/") or not form.startswith(("^/", "^(/"))
