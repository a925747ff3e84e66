"""How tokens and scopes end."""
from __future__ import annotations

from dataclasses import replace

from engine.bpmn import merging
from engine.bpmn.scopes import Scope, Visit


def token_ended(task: Visit) -> None:
    """A token leads nowhere any more. The last one of a scope ends the scope."""
    rest = task.scope.tokens()
    if rest:
        report(task, merging.contribute(task, rest))
    else:
        finish(task.scope, task)


def finish(scope: Scope, last: Visit) -> None:
    """The scope is over with what this token knows; what still stands in it is withdrawn."""
    result, conflicts = merging.settle(scope, last.known, merging.beginning(last))
    report(last, conflicts)
    close(scope)
    if scope.owner is None:
        scope.top.result = result.values
    else:
        scope.owner.node.inside_done(scope.owner, result)


def close(scope: Scope) -> None:
    """Withdraw everything that still stands in the scope; it is over."""
    scope.completed = True
    for task in scope.live():
        task.cancel()
    if scope.owner is not None:
        scope.top.subprocesses.pop(scope.owner.id, None)


def report(task: Visit, conflicts: merging.Conflicts) -> None:
    """Add conflicts, if any, to the line that says the token completed."""
    if not conflicts:
        return
    happened = task.scope.top.happened
    for index in range(len(happened) - 1, -1, -1):
        if happened[index].token_id == task.id:
            happened[index] = replace(happened[index], data={**happened[index].data, "conflicts": conflicts})
            return
