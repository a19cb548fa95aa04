"""`python -m bench [NAME …] [--quick]`: run benchmarks and print their ratios."""

import sys
from importlib import import_module
from pathlib import Path

import uvloop

from bench.processes import NotInstalled

NAMES = sorted(
    file.stem.replace("_", "-")
    for file in Path(__file__).parent.glob("*.py")
    if "\nasync def run(" in file.read_text()
)


def main(arguments: list[str]) -> int:
    quick = "--quick" in arguments
    wanted = [name for name in arguments if not name.startswith("--")] or NAMES
    for name in wanted:
        if name not in NAMES:
            print(f"there is no benchmark {name}; there are {', '.join(NAMES)}", file=sys.stderr)
            return 2
    left_out = 0
    for name in wanted:
        module = import_module(f"bench.{name.replace('-', '_')}")
        try:
            uvloop.run(module.run(quick=quick))  # the loop of Kazna's own processes
        except NotInstalled as missing:
            print(f"{name} is left out: {missing}", file=sys.stderr)
            left_out = 1
    return left_out


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
