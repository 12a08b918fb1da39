"""Reading a statement token by token; what a rule does not know ends in Unread, never in a guess."""

from collections.abc import Iterable

from afterpush.migrate.tokens import Token, string_value, tokens, unquoted

_END = Token("end", "", 0, 0)


class Unread(Exception):
    """No rule reads this statement; `certain` when no server can either."""

    def __init__(self, reason: str, *, certain: bool = False) -> None:
        super().__init__(reason)
        self.certain = certain


class Cursor:
    """A place in the tokens of one statement."""

    def __init__(self, sql: str, found: Iterable[Token] | None = None) -> None:
        self.sql = sql
        self._tokens = list(tokens(sql) if found is None else found)
        self._at = 0

    @property
    def next(self) -> Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else _END

    @property
    def rest(self) -> list[Token]:
        return self._tokens[self._at :]

    @property
    def is_over(self) -> bool:
        return self._at >= len(self._tokens)

    def peek(self, offset: int = 1) -> Token:
        at = self._at + offset
        return self._tokens[at] if at < len(self._tokens) else _END

    def take(self) -> Token:
        """The next token. Raises Unread at the end."""
        if self.is_over:
            raise Unread("the statement ends too early", certain=True)
        token = self._tokens[self._at]
        self._at += 1
        return token

    def sees(self, *words: str) -> bool:
        """Whether these keywords or signs come next."""
        at = self._at
        if at + len(words) > len(self._tokens):
            return False
        for word in words:
            if self._tokens[at].upper != word:
                return False
            at += 1
        return True

    def accept(self, *words: str) -> bool:
        """Takes these keywords or signs if they come next."""
        if not self.sees(*words):
            return False
        self._at += len(words)
        return True

    def one_of(self, *choices: str) -> str:
        """Takes the next keyword if it is one of these; else the empty string."""
        if self.next.upper in choices:
            return self.take().upper
        return ""

    def expect(self, *words: str) -> None:
        if not self.accept(*words):
            raise Unread(f"expected {' '.join(words)} before {self.next.text or 'the end'!r}")

    def name(self) -> str:
        """An identifier, as written without quotes. Raises Unread where there is none."""
        token = self.take()
        if token.kind not in ("word", "name") or token.text.isdigit():
            raise Unread(f"expected a name, found {token.text!r}", certain=token.kind in ("op", "number"))
        if "." in unquoted(token):
            raise Unread(f"no rule reads the name {token.text}: a dot in it looks like a schema's name")
        return unquoted(token)

    def qualified(self) -> str:
        """A name with its schema where one is given: `shop.orders`."""
        name = self.name()
        while self.next.text == "." and self.peek().kind in ("word", "name"):
            self.take()
            name = f"{name}.{self.name()}"
        return name

    def string(self) -> str:
        token = self.take()
        if token.kind != "string":
            raise Unread(f"expected a string, found {token.text!r}")
        return string_value(token.text)

    def parenthesised(self) -> str:
        """The text between this parenthesis and the one that closes it."""
        opening = self.next
        inner = self.group()
        return self.sql[opening.end : inner[-1].end] if inner else ""

    def group(self) -> list[Token]:
        """The tokens between this parenthesis and the one that closes it."""
        self.expect("(")
        begin, depth = self._at, 1
        while depth:
            token = self.take()
            depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind == "op" else 0
        return self._tokens[begin : self._at - 1]

    def names(self) -> tuple[str, ...]:
        """Names in parentheses."""
        self.expect("(")
        found = [self.name()]
        while self.accept(","):
            found.append(self.name())
        self.expect(")")
        return tuple(found)

    def end(self) -> None:
        """Raises Unread unless the statement is over."""
        if not self.is_over:
            raise Unread(f"no rule reads {self.next.text!r} here")


def split_list(found: list[Token]) -> list[list[Token]]:
    """Token groups between the commas of one level. Raises Unread for an empty one."""
    groups: list[list[Token]] = [[]]
    depth = 0
    for token in found:
        if token.kind == "op":
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            if token.text == "," and depth == 0:
                groups.append([])
                continue
        groups[-1].append(token)
    if any(not group for group in groups):
        raise Unread("nothing stands between two commas or before a parenthesis", certain=True)
    return groups
