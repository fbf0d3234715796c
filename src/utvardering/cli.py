"""The verbs of the command line. Each reads, calls one function and says what came of it.

Exit codes: 0 done, whatever the verdict; 1 a fault of the program; 2 of the study file; 3 of the data; 4 no estimate can be
computed; 5 not reproduced, or a registered plan was changed; 6 publishing failed.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from utvardering.console import Voice
from utvardering.errors import DataError, DataNotFetchedError, NotBegunError, StudyError, UtvarderingError

app = typer.Typer(
    name="utvardering",
    help="Did a municipal measure against crime work? From a study file to an honest, published report.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

data_app = typer.Typer(help="The files of a study and where they come from.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(data_app, name="data")

StudyArgument = Annotated[str, typer.Argument(metavar="STUDY", help="A study's folder, or its id under studies/")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output")]
Out = Annotated[Path, typer.Option("--out", help="Folder for the results of a run", metavar="DIR")]

Day = Annotated[
    str | None,
    typer.Option("--date", help="The day for which it is made, such as 2026-11-22; default today", metavar="YYYY-MM-DD"),
]

BUILD = Path("build")
SITE = Path("reports/_site")


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Id of the study: small letters, digits and hyphens")],
    design: Annotated[str, typer.Option(help="areas, individuals, series or organisation")] = "areas",
    *,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Begin a study: a folder under studies/ with a study file to fill in."""
    voice = Voice(quiet, as_json)

    def work() -> None:
        from utvardering.study.new import new_study  # noqa: PLC0415 -- a verb imports only what it uses

        folder = new_study(name, design)
        voice.say(f"{folder}: fill in study.toml, put your data in data/, then: utvardering check {folder}")
        voice.result({"study": name, "folder": str(folder)})

    _run(voice, work)


@app.command()
def check(
    study: StudyArgument,
    *,
    page: Annotated[bool, typer.Option("--page", help="Print the plan as a page of plain Swedish (Markdown)")] = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Is the study file right, do the data fit it, and can the planned test reach significance?"""
    voice = Voice(quiet, as_json)

    def work() -> None:
        from utvardering.study.load import load_study  # noqa: PLC0415 -- a verb imports only what it uses
        from utvardering.study.page import study_page  # noqa: PLC0415 -- as above

        loaded = load_study(study)
        if page:
            sys.stdout.write(study_page(loaded))
            return
        from utvardering.describe import describe  # noqa: PLC0415 -- as above

        found = describe(loaded)
        for line in found.lines:
            voice.say(line)
        voice.result({"study": loaded.id, **found.facts})

    _run(voice, work)


@app.command()
def register(
    study: StudyArgument,
    out: Out = BUILD,
    *,
    page: Annotated[
        str,
        typer.Option("--page", help="Only write the pre-analysis plan as Markdown into the study's folder", metavar="sv|en"),
    ] = "",
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Lock the plan before the outcomes are known: writes plan.lock; later changes need a dated amendment."""
    voice = Voice(quiet, as_json)

    def work() -> None:
        from utvardering.registration.files import registration_facts, statement  # noqa: PLC0415 -- only what the verb uses
        from utvardering.registration.register import register_study, write_page  # noqa: PLC0415 -- as above

        if page:
            written = write_page(study, page)
            voice.say(f"{written}: the pre-analysis plan")
            voice.result({"page": str(written)})
            return
        done = register_study(study, out)
        found = done.registration
        voice.say(f"{found.study.folder / 'plan.lock'}: the plan is registered")
        voice.say(f"  {statement(found)}")
        for note in done.notes:
            voice.say(f"  {note}")
        voice.result({**registration_facts(found), "notes": list(done.notes)})

    _run(voice, work)


@app.command()
def design(
    study: StudyArgument,
    out: Out = BUILD,
    *,
    lottery: Annotated[int, typer.Option(help="Draw by lot which N of the named areas begin", metavar="N")] = 0,
    quick: Annotated[bool, typer.Option("--quick", help="A tenth of the tries, for a first look")] = False,
    write_comparison: Annotated[
        str, typer.Option(help="First write this choice of comparison into study.toml", metavar="nearest|matched|group|donors")
    ] = "",
    workers: Annotated[int, typer.Option(help="Processes; the numbers do not depend on it", min=1)] = 2,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Before the measure: what the study can find, how often its analysis gives false alarms, and what would help."""
    voice = Voice(quiet, as_json)

    def work() -> None:
        import json  # noqa: PLC0415 -- a verb imports only what it uses

        from utvardering.evaluate import design_any, show_design  # noqa: PLC0415 -- as above
        from utvardering.registration.state import verify  # noqa: PLC0415 -- as above
        from utvardering.study.load import load_study  # noqa: PLC0415 -- as above

        verify(load_study(study))
        if write_comparison:
            from utvardering.planning.write_choice import choose_comparison  # noqa: PLC0415 -- as above

            chosen = choose_comparison(study, write_comparison)
            voice.say(f"{study}: study.toml now compares with {chosen.n_comparison} units: {chosen.rule}")
        with voice.counted(f"{study}: design") as progress:
            folder = design_any(study, out, progress, workers=workers, lottery=lottery, quick=quick)
        show_design(study, out)
        facts = json.loads((folder / "design.json").read_text(encoding="utf-8"))
        voice.say(f"{folder}:")
        for sentence in facts["sentences"]:
            voice.say(f"  {sentence}")
        voice.result(facts)

    _run(voice, work)


@app.command()
def run(
    study: StudyArgument,
    out: Out = BUILD,
    *,
    skip_unfetched: Annotated[
        bool,
        typer.Option("--skip-unfetched", help="A study without fetched data, or that has not begun, is noted, not an error"),
    ] = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Estimate the effect and judge it: writes the tables of a study to build/<study>/."""
    voice = Voice(quiet, as_json)

    def work() -> None:
        from utvardering.evaluate import evaluate, note_planned, note_unfetched  # noqa: PLC0415 -- a verb imports only what it uses
        from utvardering.organisation import AssessedOrganisation, lines_of  # noqa: PLC0415 -- as above

        with voice.progress(study) as progress:
            try:
                found = evaluate(study, out, progress)
            except DataNotFetchedError as fault:
                if not skip_unfetched:
                    raise
                folder = note_unfetched(study, out)
                voice.say(f"{folder}: data not fetched; {fault.message}")
                voice.result({"folder": str(folder), "fetched": False})
                return
            except NotBegunError as fault:
                if not skip_unfetched:
                    raise
                folder = note_planned(study, out)
                voice.say(f"{folder}: planned; {fault.message}")
                voice.result({"folder": str(folder), "fetched": True, "planned": True})
                return
        if isinstance(found, AssessedOrganisation):
            process = found.process.process
            lines = lines_of(process) if process else []
            voice.say(f"{found.folder}: the process is assessed; a study of an organisation says nothing of effects")
            for line in lines:
                voice.say(f"  {line}")
            voice.result({"study": found.study.id, "folder": str(found.folder), "verdict": None, "levels": lines})
            return
        planned = found.estimates.planned(found.study.primary.id)
        verdict = found.verdict.primary
        voice.say(f"{found.folder}: {verdict.verdict}, certainty {verdict.certainty}, Maryland level {verdict.maryland_level}")
        if verdict.override is not None:
            voice.say(f"  beside it, by override: {verdict.override.in_short()}")
        for reason in verdict.reasons["verdict"]:
            voice.say(f"  {reason}")
        voice.result(
            {
                "study": found.study.id,
                "folder": str(found.folder),
                "verdict": verdict.verdict,
                "certainty": verdict.certainty,
                "maryland_level": verdict.maryland_level,
                "reasons": {name: list(lines) for name, lines in verdict.reasons.items()},
                "estimate": planned.estimate if planned else None,
                "ci_low": planned.ci_low if planned else None,
                "ci_high": planned.ci_high if planned else None,
                "scale": planned.scale if planned else None,
            }
        )

    _run(voice, work)


@app.command()
def report(
    study: Annotated[str | None, typer.Argument(metavar="STUDY", help="A study's folder, or its id")] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Every study that has been run")] = False,
    out: Out = BUILD,
    site: Annotated[Path, typer.Option(help="Where the site is published", metavar="DIR")] = SITE,
    stage: Annotated[Path | None, typer.Option(help="Only write the Quarto sources here, for rendering by hand")] = None,
    publisher: Annotated[str, typer.Option(help="auto, quarto or embedded")] = "auto",
    date: Day = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Publish what has been run: pages and PDFs from build/ into reports/_site/."""
    voice = Voice(quiet, as_json)

    def work() -> None:
        from utvardering.publish import publish_reports  # noqa: PLC0415 -- a verb imports only what it uses

        if (study is None) == (not every):
            msg = "name one STUDY, or write --all for every study that has been run"
            raise StudyError(msg)
        day = _day(date)
        with voice.progress("report") as progress:
            published = publish_reports(
                None if every else str(study), out, site, stage=stage, publisher=publisher, date=day, progress=progress
            )
        for line in published.lines:
            voice.say(line)
        voice.result(published.facts)

    _run(voice, work)


@app.command()
def reproduce(
    study: StudyArgument,
    *,
    report_too: Annotated[bool, typer.Option("--report/--no-report", help="Compare pages and PDFs as well")] = True,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Do two clean runs give the same bytes, and the numbers of expected.toml?"""
    voice = Voice(quiet, as_json)

    def work() -> None:
        from utvardering.reproduce import reproduce as compare  # noqa: PLC0415 -- a verb imports only what it uses

        with voice.progress(study) as progress:
            found = compare(study, with_report=report_too, progress=progress)
        for line in found.lines:
            voice.say(line)
        voice.result(found.facts)

    _run(voice, work)


@app.command()
def audit(
    study: StudyArgument,
    out: Out = BUILD,
    *,
    site: Annotated[Path, typer.Option(help="Where the site is published", metavar="DIR")] = SITE,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """What was suppressed or left out, and why; does anything personal stand in what was written? Then exit code 3."""
    voice = Voice(quiet, as_json)
    clean = [True]

    def work() -> None:
        from utvardering.audit import audit as look_again  # noqa: PLC0415 -- a verb imports only what it uses

        found = look_again(study, out, site)
        clean[0] = found.is_clean
        for line in found.lines():
            voice.say(line)
        voice.result(found.facts())

    _run(voice, work)
    if not clean[0]:
        raise typer.Exit(DataError.exit_code)


@app.command()
def followup(
    out: Out = BUILD,
    *,
    date: Day = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Which measures of the plan are to be followed up, when, and what is overdue or missing? Writes build/followup/."""
    voice = Voice(quiet, as_json)

    def work() -> None:
        from utvardering.followup.show import facts, terminal_table  # noqa: PLC0415 -- a verb imports only what it uses
        from utvardering.followup.table import follow_up, write_follow_up  # noqa: PLC0415 -- as above

        found = follow_up(build=out, date=_day(date))
        folder = write_follow_up(found, out)
        voice.say(terminal_table(found))
        voice.say(f"{folder}: followup.csv and the picture uppfoljning.png; utvardering report --all publishes them")
        voice.result({"folder": str(folder), **facts(found)})

    _run(voice, work)


@app.command()
def evidence(
    out: Out = BUILD,
    *,
    external: Annotated[Path, typer.Option(help="Results of others, each with its full source", metavar="FILE")] = Path(
        "evidence/external.toml"
    ),
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """What works, over all studies? Pools what may be pooled, per measure and aim. Writes build/evidence/."""
    voice = Voice(quiet, as_json)

    def work() -> None:
        from utvardering.evidence import facts, told, weigh_evidence, write_evidence  # noqa: PLC0415 -- a verb imports only what it uses

        found = weigh_evidence(out, external)
        folder = write_evidence(found, out)
        for line in told(found):
            voice.say(line)
        voice.say(
            f"{folder}: pooled.csv, results.csv, leave_one_out.csv and forest plots; utvardering report --all publishes them"
        )
        voice.result(facts(found, folder))

    _run(voice, work)


@data_app.command("fetch")
def data_fetch(
    study: StudyArgument,
    *,
    only: Annotated[str, typer.Option(help="Only this file of data/sources.toml", metavar="FILE")] = "",
    address: Annotated[
        list[str] | None,
        typer.Option(help="Another base address for a connector, such as kolada=https://api.kolada.se/v3", metavar="NAME=URL"),
    ] = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Fetch the files that data/sources.toml describes, keep each as a dated vintage and say what changed. Uses the network."""
    voice = Voice(quiet, as_json)

    def work() -> None:
        from utvardering.fetching import fetch_study  # noqa: PLC0415 -- a verb imports only what it uses

        found = fetch_study(study, only, address or (), voice)
        for line in found.lines:
            voice.say(line)
        voice.result(found.facts)

    _run(voice, work)


def _day(given: str | None) -> dt.date | None:
    """A date of the command line."""
    try:
        return dt.date.fromisoformat(given) if given is not None else None
    except ValueError:
        msg = f'--date: needs a date such as 2026-11-22, found "{given}"'
        raise StudyError(msg) from None


def _run(voice: Voice, work: Callable[[], None]) -> None:
    """Do the work; a fault of the user's ends with its words and code, any other with one sentence and code 1."""
    try:
        work()
    except UtvarderingError as fault:
        voice.fail(fault)
        raise typer.Exit(fault.exit_code) from None
    except KeyboardInterrupt:
        print("stopped; nothing was left half-written", file=sys.stderr)  # noqa: T201 -- the command line's voice
        raise typer.Exit(130) from None
    except BrokenPipeError:  # whoever reads has seen enough, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing more is written when Python ends
        raise typer.Exit(141) from None
    except Exception as fault:
        if os.environ.get("UTVARDERING_DEBUG"):
            raise
        voice.fail(
            UtvarderingError(f"a fault of the program: {type(fault).__name__}: {fault}; UTVARDERING_DEBUG=1 shows where")
        )
        raise typer.Exit(1) from None


def main() -> None:
    """Entry point of the command `utvardering`."""
    app()
