"""Send many more requests made from the API's description than the tests do, as everybody who may come."""

import argparse
import os
import subprocess
import sys


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=50, help="of each sort, for every operation and role")
    told = parser.parse_args()
    environment = {**os.environ, "KNOWWHO_DESCRIBED_EXAMPLES": str(told.examples)}
    command = [sys.executable, "-m", "pytest", "-v", "tests/functional/test_described_api.py"]
    sys.exit(subprocess.run(command, env=environment, check=False).returncode)


if __name__ == "__main__":
    main()
