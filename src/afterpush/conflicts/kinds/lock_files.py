"""Lock files: which command writes each again, and which of these commands only read."""

from typing import TYPE_CHECKING

from afterpush.infra.globs import matches

if TYPE_CHECKING:
    from afterpush.infra.configuration.settings import Documents

# The command that regenerates the file from what it locks, without touching anything else.
WELL_KNOWN_LOCK_FILES: dict[str, tuple[str, ...]] = {
    "package-lock.json": ("npm", "install", "--package-lock-only", "--ignore-scripts"),
    "npm-shrinkwrap.json": ("npm", "install", "--package-lock-only", "--ignore-scripts"),
    "pnpm-lock.yaml": ("pnpm", "install", "--lockfile-only", "--no-frozen-lockfile", "--ignore-pnpmfile"),
    "yarn.lock": ("yarn", "install", "--mode=update-lockfile"),
    "bun.lock": ("bun", "install", "--lockfile-only"),
    "poetry.lock": ("poetry", "lock"),
    "uv.lock": ("uv", "lock"),
    "Pipfile.lock": ("pipenv", "lock"),
    "pdm.lock": ("pdm", "lock", "--update-reuse"),
    "Cargo.lock": ("cargo", "update", "--workspace"),
    "Gemfile.lock": ("bundle", "lock"),
    "composer.lock": ("composer", "update", "--lock", "--no-install", "--no-plugins", "--no-scripts"),
    "go.sum": ("go", "mod", "tidy"),
}

# Those of them that read the repository's files as data, and the settings with which a repository makes them
# run its programs or hand on variables: `git=./x.sh` and `//host/:_authToken=${AWS_KEY}` in `.npmrc` (npm's
# "config"), `build.rustc` in `.cargo/config.toml`, a toolchain by its path (rustup). The others always run
# code of it: a Gemfile is Ruby, yarn starts the yarn that `.yarnrc.yml` names, Python's packagers build.
READING_OWNERS: dict[str, tuple[str, ...]] = {
    "npm": (".npmrc",),
    "pnpm": (".npmrc", "pnpm-workspace.yaml"),
    "bun": (".npmrc", "bunfig.toml"),
    "cargo": (".cargo/config", ".cargo/config.toml", "rust-toolchain", "rust-toolchain.toml"),
    "composer": (),
    "go": (),
}


def settings_of(command: tuple[str, ...]) -> tuple[str, ...] | None:
    """The settings files without which the command only reads what the repository has; None where it is none
    of ours, or always runs code of the repository."""
    return READING_OWNERS.get(command[0]) if command in WELL_KNOWN_LOCK_FILES.values() else None


def lock_rule(path: str, documents: "Documents") -> tuple[str, ...] | None:
    """The command that regenerates this lock file (empty: none is configured); None for any other file."""
    if documents.lock_files is None:
        return WELL_KNOWN_LOCK_FILES.get(path.rsplit("/", 1)[-1])
    for glob, rule in documents.lock_files.items():
        if matches(path, glob) or ("/" not in glob and matches(path.rsplit("/", 1)[-1], glob)):
            return tuple(rule.regenerate)
    return None
