"""Says which pinned dependencies have known vulnerabilities. Exit code 1 where some have. That no advisory database
can be reached is said, and is no failure: pip-audit itself would call everything sound."""

import json
import subprocess
import sys
from typing import Any

LONGEST_SECONDS = 90
AUDIT = ("--no-deps", "--disable-pip", "--progress-spinner", "off", "--timeout", "10", "--format", "json")


def main(constraints: str) -> int:
    command = [sys.executable, "-m", "pip_audit", "-r", constraints, *AUDIT]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return _not_run(f"no answer within {LONGEST_SECONDS} s")
    try:
        found: list[dict[str, Any]] = json.loads(run.stdout)["dependencies"]
    except (ValueError, KeyError):
        return _not_run((run.stderr.strip().splitlines() or ["pip-audit gave no answer"])[-1])
    looked_up = [entry for entry in found if "skip_reason" not in entry]
    if not looked_up:
        return _not_run("it knows none of the packages")
    unknown = len(found) - len(looked_up)
    print(f"dependency audit: {len(looked_up)} packages looked up, {unknown} unknown to the database")
    hurt = [entry for entry in looked_up if entry["vulns"]]
    for entry in hurt:
        for advisory in entry["vulns"]:
            mended = ", ".join(advisory["fix_versions"]) or "no version yet"
            print(f"  {entry['name']} {entry['version']}: {advisory['id']}, mended in {mended}")
    return 1 if hurt else 0


def _not_run(why: str) -> int:
    print(f"dependency audit: NOT RUN, because no advisory database can be reached ({why})")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
