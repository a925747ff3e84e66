"""``python -m tests.engine.oracle 10000 [seed]``: play many random models and say where the two disagree."""
from __future__ import annotations

import logging
import sys
import time

from tests.engine.oracle.play import play


def main() -> int:
    """Number of disagreements, at most 1 as the exit code."""
    logging.disable(logging.CRITICAL)
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    began, steps, wrong = time.monotonic(), 0, 0
    print(f"{number} models, seeds {first} to {first + number - 1}", flush=True)
    for seed in range(first, first + number):
        outcome = play(seed)
        steps += outcome.steps
        if outcome.problem:
            wrong += 1
            print(f"seed {seed} after {outcome.steps} steps: {outcome.problem[:400]}\n  {outcome.file}", flush=True)
        if (seed - first) % 1000 == 999:
            print(f"{seed - first + 1} played, {wrong} disagreements, {steps} steps", flush=True)
    print(f"{wrong} disagreements in {steps} steps, {time.monotonic() - began:.0f} s")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
