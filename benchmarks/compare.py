"""Ours against the peers on the same 720,000 rows, in one run: seconds, peak memory and ratios.

    python benchmarks/compare.py            prints the table and writes benchmarks/results.md
    python benchmarks/compare.py CASE       one case in this process, as JSON

Every case runs in a process of its own, after its imports, on data already in memory; the best of three (peers above ten
seconds: one run). A peer that is not installed is left out and named.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

CASES = {
    "did": ("ours_did", ("linearmodels_did",)),
    "event_study": ("ours_event_study", ("linearmodels_event_study", "pyfixest_event_study", "diff_diff_event_study")),
    "9,999 re-assignments of poisson_did, closed form": ("ours_poisson_placebo", ("pyfixest_poisson_once",)),
    "9,999 re-assignments of poisson_did, exposure varies": ("ours_poisson_placebo_varying", ("pyfixest_poisson_once",)),
    "the whole run": ("ours_run", ()),
}


def main() -> None:
    """Run every case and write the table."""
    lines = ["| case | ours, s | ours, GB | peer | peer, s | peer, GB | peer ÷ ours |", "|---|--:|--:|---|--:|--:|--:|"]
    for title, (ours, peers) in CASES.items():
        own = _measure(ours)
        if not peers:
            lines.append(f"| {title} | {own['seconds']:.2f} | {own['gigabytes']:.2f} | – | | | |")
        for peer in peers:
            other = _measure(peer)
            if "error" in other:
                lines.append(f"| {title} | {own['seconds']:.2f} | {own['gigabytes']:.2f} | {peer}: {other['error']} | | | |")
                continue
            times = 9_999 if peer.endswith("_once") else 1
            ratio = times * other["seconds"] / own["seconds"]
            said = f"{times} × {peer}" if times > 1 else peer
            lines.append(
                f"| {title} | {own['seconds']:.2f} | {own['gigabytes']:.2f} | {said} | {times * other['seconds']:.1f} "
                f"| {other['gigabytes']:.2f} | {ratio:,.1f} |"
            )
        print("\n".join(lines[-max(len(peers), 1) :]), flush=True)
    results = HERE / "results.md"
    _, mark, others = (results.read_text(encoding="utf-8") if results.exists() else "").partition("\n## ")
    results.write_text("\n".join([*_heading(), *lines, ""]) + mark + others, encoding="utf-8")


def _heading() -> list[str]:
    """What was measured, on what."""
    names = ("utvardering", "numpy", "linearmodels", "pyfixest", "diff-diff")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
    return [
        "# Speed and memory beside the peers",
        "",
        f"One run of `make benchmark` on {os.cpu_count()} cores: {versions}.",
        "",
        "A panel of 6,000 areas × 120 months (720,000 rows), 60 treated from month 84. Seconds are the best of three after",
        "imports, on data in memory; memory is the peak of the process. Ours includes standard errors, and for re-assignments",
        "the interval by inversion.",
        "",
    ]


def _measure(case: str) -> dict[str, float]:
    done = subprocess.run([sys.executable, __file__, case], capture_output=True, text=True, check=False)
    if done.returncode:
        return {"error": (done.stderr.strip().splitlines() or ["failed"])[-1][:120]}
    return json.loads(done.stdout.splitlines()[-1])


def _one(case: str) -> None:
    warnings.simplefilter("ignore")
    work = BUILDERS[case]()
    seconds = []
    while len(seconds) < 3 and sum(seconds) < 10:
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(json.dumps({"seconds": min(seconds), "gigabytes": peak}))


def _ours(estimator: str, inference: str, *, varying: bool = False) -> Callable[[], object]:
    from panel import sample

    from utvardering.estimators.base import Job
    from utvardering.estimators.registry import ESTIMATORS
    from utvardering.study.model import Estimation, Outcome

    outcome = Outcome(id="brott", title="Brott", aim="brott", role="primary", kind="count", exposure="folkmangd")
    data = sample(varying_exposure=varying)
    job = Job(data, outcome, Estimation(estimator=estimator), (inference,))
    return lambda: ESTIMATORS[estimator].run(job)


def _linearmodels_did() -> Callable[[], object]:
    from linearmodels import PanelOLS
    from panel import long_frame

    frame = long_frame().set_index(["unit", "month"])

    def work() -> object:
        model = PanelOLS(frame["rate"], frame[["on"]], entity_effects=True, time_effects=True)
        return model.fit(cov_type="clustered", cluster_entity=True, low_memory=True)

    return work


def _linearmodels_event_study() -> Callable[[], object]:
    from linearmodels import PanelOLS
    from panel import MONTHS, START, long_frame

    frame = long_frame()
    for k in range(-START, MONTHS - START):
        if k != -1:
            frame[f"k{k}"] = ((frame["treated"] == 1) & (frame["from_start"] == k)).astype(float)
    frame = frame.set_index(["unit", "month"])
    names = [name for name in frame.columns if name.startswith("k")]

    def work() -> object:
        model = PanelOLS(frame["rate"], frame[names], entity_effects=True, time_effects=True)
        return model.fit(cov_type="clustered", cluster_entity=True, low_memory=True)

    return work


def _pyfixest_event_study() -> Callable[[], object]:
    import pyfixest as pf
    from panel import long_frame

    frame = long_frame()
    return lambda: pf.feols("rate ~ i(from_start, treated, ref=-1) | unit + month", data=frame, vcov={"CRV1": "unit"})


def _pyfixest_poisson_once() -> Callable[[], object]:
    import pyfixest as pf
    from panel import arrays, long_frame

    frame = long_frame()
    frame["count"] = arrays()[0].ravel()
    return lambda: pf.fepois("count ~ on | unit + month", data=frame, vcov={"CRV1": "unit"})


def _diff_diff_event_study() -> Callable[[], object]:
    from diff_diff import MultiPeriodDiD
    from panel import MONTHS, START, long_frame

    frame = long_frame()

    def work() -> object:
        return MultiPeriodDiD(cluster="unit").fit(
            frame,
            outcome="rate",
            treatment="treated",
            time="month",
            post_periods=list(range(START, MONTHS)),
            reference_period=START - 1,
            unit="unit",
            absorb=["unit"],
        )

    return work


def _ours_run() -> Callable[[], object]:
    from panel import write_study

    from utvardering.evaluate import evaluate

    scratch = Path(tempfile.mkdtemp())
    folder = write_study(scratch / "stor")
    return lambda: evaluate(folder, scratch / "build")


BUILDERS: dict[str, Callable[[], Callable[[], object]]] = {
    "ours_did": lambda: _ours("did", "cluster"),
    "ours_event_study": lambda: _ours("event_study", "cluster"),
    "ours_poisson_placebo": lambda: _ours("poisson_did", "randomization"),
    "ours_poisson_placebo_varying": lambda: _ours("poisson_did", "randomization", varying=True),
    "ours_run": _ours_run,
    "linearmodels_did": _linearmodels_did,
    "linearmodels_event_study": _linearmodels_event_study,
    "pyfixest_event_study": _pyfixest_event_study,
    "pyfixest_poisson_once": _pyfixest_poisson_once,
    "diff_diff_event_study": _diff_diff_event_study,
}

if __name__ == "__main__":
    if len(sys.argv) > 1:
        _one(sys.argv[1])
    else:
        main()
