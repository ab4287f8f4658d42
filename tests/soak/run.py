"""The soak: python tests/soak/run.py [--minutes M | --seconds S] [--seed N]; ten minutes by default."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from soak.process import SoakError
from soak.soak import Soak


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 100000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vmodem-soak-") as folder:
        soak = Soak(args.seed, Path(folder))
        try:
            soak.run(args.minutes * 60 if args.seconds is None else args.seconds)
        except SoakError as error:
            print(f"FAILED: {error}\n{soak.report()}")
            return 1
        print(f"passed. {soak.report()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
