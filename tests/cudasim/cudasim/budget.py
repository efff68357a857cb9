"""What kernels may need, and whether they keep to it.

A budget is a JSON file. A kernel file has a list of builds, one for each set of constants that it
is compiled with; every kernel of the file is in at least one of them:

    {"archs": [75, 90],
     "files": {"maxima.cu": [
         {"defines": {"RADIUS": 3},
          "kernels": {"find_maxima": {"threads": 256, "dynamic_shared": 2128,
                                      "registers": [40, 38], "shared": 64}}}]}}

Of a kernel, all but `threads` may be left out:

- `threads` of a block and bytes of `dynamic_shared` memory: as it is launched;
- `registers`, bytes of static `shared` memory: at most; one number, or one for each of `archs`;
- `stack`: bytes of stack and spills, at most; 0 if not there;
- `occupancy`: at least, 0.5 if not there; a lower one needs a `reason`;
- `float64`: true if it may compute in double precision;
- `calls`: calls of subroutines, as slow divisions are, at most; 0 if not there;
- `sass`: other instructions by name, at most.

A kernel that is a template is compiled if the budget names it ("f<true>"). `*.cuh` beside the
files are put before each of them.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from .config import ARCHS, parse_arch
from .kernels import find_kernels
from .measure import Build, measure, occupancy

OPTIONS = ("-std=c++17", "-fmad=false")
LEAST_OCCUPANCY = 0.5


def find_builds(folder: Path, budget: dict, options: tuple[str, ...] = OPTIONS) -> list[Build]:
    """Return the builds of every kernel file of a folder that has kernels."""
    headers = "\n".join(path.read_text() for path in sorted(folder.glob("*.cuh")))
    builds = []
    for path in sorted(folder.glob("*.cu")):
        source = f"{headers}\n{path.read_text()}"
        found = find_kernels(source)
        plain = [d.name for d in found if not d.is_template and not d.is_extern]
        as_they_are = {d.name for d in found if d.is_extern}
        for number, own in enumerate(budget.get("files", {}).get(path.name, [{}])):
            kernels = own.get("kernels", {})
            defines = tuple(f"-D{name}={value}" for name, value in own.get("defines", {}).items())
            templates = (k for k in kernels if k not in plain and k not in as_they_are)
            names = (*plain, *templates)
            if found:
                given = (path.name, number, source, (*options, *defines), names, kernels)
                builds.append(Build(*given))
    return builds


def unlisted(folder: Path, budget: dict) -> list[str]:
    """Return what the folder has and the budget has not, and the other way round."""
    files = budget.get("files", {})
    bad = [f"{name}: no such file" for name in files if not (folder / name).is_file()]
    for path in sorted(folder.glob("*.cu")):
        declared = {d.name for d in find_kernels(path.read_text())}
        listed = {k.split("<")[0] for own in files.get(path.name, []) for k in own["kernels"]}
        bad += [f"{path.name} {name}: not in the budget" for name in sorted(declared - listed)]
        bad += [f"{path.name} {name}: no such kernel" for name in sorted(listed - declared)]
    return bad


def _most(limits: dict, name: str, index: int) -> float:
    value = limits.get(name, float("inf"))
    return value[index] if isinstance(value, list) else value


def violations(kernel: dict, limits: dict, arch: int, index: int) -> list[str]:
    """Return what is over budget; `index` is the architecture's place in lists of the budget."""
    threads, dynamic = limits["threads"], limits.get("dynamic_shared", 0)
    counts = Counter(kernel["sass"])
    used = occupancy(arch, kernel["registers"], kernel["shared"] + dynamic, threads)
    least = limits.get("occupancy", LEAST_OCCUPANCY)
    bad = []
    if kernel["stack"] > limits.get("stack", 0):
        bad.append(f"stack or spills: {kernel['stack']} bytes > {limits.get('stack', 0)}")
    if kernel["registers"] * threads > ARCHS[arch].registers_sm:
        bad.append(f"{threads} threads of {kernel['registers']} registers cannot be launched")
    if kernel["shared"] + dynamic > ARCHS[arch].shared_block:
        bad.append(f"shared memory over {ARCHS[arch].shared_block} bytes a block")
    for name in ("registers", "shared"):
        if kernel[name] > _most(limits, name, index):
            bad.append(f"{name}: {kernel[name]} > {_most(limits, name, index)}")
    if used < least:
        bad.append(f"occupancy: {used:.0%} < {least:.0%}")
    if least < LEAST_OCCUPANCY and not limits.get("reason"):
        bad.append(f"occupancy: {least:.0%} is allowed without a reason")
    if counts["float64"] and not limits.get("float64"):
        bad.append(f"float64: {counts['float64']} instructions")
    if limits.get("float64") and not counts["float64"]:
        bad.append("float64: allowed, not used")
    for name, most in {"CALL": limits.get("calls", 0), **limits.get("sass", {})}.items():
        if counts[name] > most:
            bad.append(f"{name}: {counts[name]} > {most}")
    return bad


def check(builds: list[Build], archs: list[int], budget: dict, release: int = 13) -> list[str]:
    """Return what does not compile without a warning, and what is over the budget.

    The budget is held with NVRTC 13; another release must compile everything without spills.
    """
    known = [parse_arch(str(a)) for a in budget.get("archs", archs)]
    bad = []
    for arch, results in measure(builds, archs, release).items():
        for build, kernels in zip(builds, results, strict=True):
            if isinstance(kernels, str):
                bad.append(f"{build} sm_{arch}: {kernels}")
                continue
            for name, limits in build.kernels.items():
                if name not in kernels:
                    over = ["not in this build"]
                elif release == 13:
                    over = violations(kernels[name], limits, arch, known.index(arch))
                else:
                    spilled = kernels[name]["stack"] > limits.get("stack", 0)
                    over = [f"stack or spills: {kernels[name]['stack']} bytes"] if spilled else []
                bad += [f"{build} {name} sm_{arch}: {text}" for text in over]
    return bad


def update(builds: list[Build], budget: dict, archs: list[int], path: Path) -> None:
    """Write registers, shared memory and slow divisions of float64 into the budget.

    What is a decision stays as it is: `float64`, `occupancy`, calls elsewhere.
    """
    measured = measure(builds, archs)
    for i, build in enumerate(builds):
        for name, limits in build.kernels.items():
            if not all(name in measured[arch][i] for arch in archs):
                continue  # does not compile: `check` says so
            kernels = [measured[arch][i][name] for arch in archs]
            limits["registers"] = [kernel["registers"] for kernel in kernels]
            limits["shared"] = max(kernel["shared"] for kernel in kernels)
            if limits.get("float64"):
                limits["calls"] = max(kernel["sass"].get("CALL", 0) for kernel in kernels)
    path.write_text(_text(budget))


def _text(budget: dict) -> str:
    """Return the budget as JSON with a line for each build and each kernel."""
    files = []
    for name, builds in sorted(budget["files"].items()):
        parts = []
        for build in builds:
            kernels = [
                f"        {json.dumps(k)}: {json.dumps(v)}" for k, v in build["kernels"].items()
            ]
            defines = json.dumps(build.get("defines", {}))
            joined = ",\n".join(kernels)
            parts.append(f'      {{"defines": {defines}, "kernels": {{\n{joined}}}}}')
        files.append(f"    {json.dumps(name)}: [\n" + ",\n".join(parts) + "\n    ]")
    head = f'{{\n  "archs": {json.dumps(budget["archs"])},\n  "files": {{\n'
    return head + ",\n".join(files) + "\n  }\n}\n"
