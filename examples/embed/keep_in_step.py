"""Plans and applies a manifest on the embedded sandbox, without an account and without a network."""

import sys
from pathlib import Path

from reconciler import GuardRefused, Reconciler, StalePlan

HERE = Path(__file__).parent


def main(sandbox: str) -> int:
    with Reconciler(sandbox=sandbox) as reconciler:
        plan = reconciler.plan(HERE / "runners.yaml")
        for action in plan.actions:
            print(f"{action.action}: {action.key}")
        try:
            report = reconciler.apply(plan)
        except (StalePlan, GuardRefused) as refusal:
            print(refusal)
            return refusal.exit_code
    print(f"{len(report.outcomes)} done, exit code {report.exit_code}")
    return report.exit_code


sys.exit(main(sys.argv[1]))
