"""After a push has landed: whether it is worth a monitor."""

from collections.abc import Mapping

from afterpush.hooks.policy import Policy
from afterpush.hooks.prepush import switched_off
from afterpush.hooks.selftest import SELF_TEST_VARIABLE, self_test_folder
from afterpush.hooks.updates import BRANCH_PREFIX


def reason_not_to_watch(ref: str | None, policy: Policy, environment: Mapping[str, str]) -> str | None:
    """Why nothing is started; None when the commit is to be watched. `ref` may be a branch's short name."""
    test = self_test_folder(environment.get(SELF_TEST_VARIABLE))
    if test:
        test.mark("post-push")
        return "this is the self-test of inv hooks.status"
    off = switched_off(policy, environment)
    if off:
        return off
    branch = ref.removeprefix(BRANCH_PREFIX) if ref else None
    if branch is not None and not policy.is_watched(branch):
        return f"deploy.branches is {', '.join(policy.branches)}, not {branch}"
    return None
