"""From facts to a verdict: sources, rules and the loop that asks them."""
