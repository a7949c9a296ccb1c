"""What ads promise beyond the general families. Every budget is the sample's, in micros of USD."""

from datetime import date, timedelta
from typing import Any

from ...model.clause import clause, holds, refused, same
from ...model.subject import Subject
from ...model.values import instant_text
from .samples import CENT

DAY = 86_400
ODD_NAME = "  <b>A&amp;B</b> 'x' \"y\" cafe\u0301 \u202b\u05e9\u202c\nline two \\ %s {n} "
TWO_MS = 0.002
LIVE = ("active", "in_review")
COUNTERS = ("impressions", "clicks", "conversions", "spend", "revenue")


def create(subject: Subject, n: int = 0, **changes: Any) -> Any:
    """A campaign of the sample's shape, with some members of the spec changed."""
    arguments = subject.prepare("create_campaign")(n)
    return subject.call("create_campaign", spec={**arguments["spec"], **changes})


def report(subject: Subject, first: date, days: int, ids: list[str] | None = None) -> Any:
    """The report of ``days`` days from ``first`` on."""
    query = {"campaign_ids": ids, "from": first, "to": first + timedelta(days=days)}
    return subject.call("report", query=query)


def spend(found: Any) -> dict[str, int]:
    """Micros spent, by day."""
    days: dict[str, int] = {}
    for row in found.rows:
        days[str(row.day)] = days.get(str(row.day), 0) + row.spend
    return days


@clause("ads.create_campaign.rule.echo")
def echo(subject: Subject) -> None:
    """A created campaign has the name, budget, currency, objective, start and end that were asked for."""
    budget = max(12_345_670_000, subject.prepare("create_campaign")(0)["spec"]["budget"])
    start, end = (subject.now() + timedelta(days=days, milliseconds=789) for days in (2, 9))
    seen = create(subject, name=ODD_NAME, budget=budget, start=start, end=end)
    same(seen, {"name": ODD_NAME, "budget": budget, "currency": "USD"}, "the campaign differs", subset=True)
    for name, wanted in (("start", start), ("end", end)):
        found = getattr(seen, name)
        near = found is not None and abs((found - wanted).total_seconds()) <= TWO_MS
        holds(near, f"{name} is not the one that was asked for", seen=found and instant_text(found))
    for n, objective in enumerate(subject.traits.objectives):
        same(create(subject, n + 1, objective=objective).objective, objective, "objective")


@clause("ads.create_campaign.rule.smallest_budget")
def smallest_budget(subject: Subject) -> None:
    """A daily budget of traits.min_daily_budget, in whole cents, is accepted."""
    least = max(1, -(-subject.traits.min_daily_budget // CENT)) * CENT
    same(create(subject, budget=least).budget, least, "budget")


@clause("ads.create_campaign.rule.long_name")
def long_name(subject: Subject) -> None:
    """A name above 120 characters is accepted as it is, or refused as payload_too_large without effect."""
    before = subject.snapshot()
    spec = {**subject.prepare("create_campaign")(0)["spec"], "name": "n" * 121}
    outcome = subject.attempt("create_campaign", spec=spec)
    if outcome.error is None:
        same(outcome.value.name, spec["name"], "name")
        return
    refused(outcome, "payload_too_large", "invalid")
    same(subject.snapshot(), before, "the account after the refused campaign")


@clause("ads.create_campaign.rule.replay")
def replay(subject: Subject) -> None:
    """A repeat under a known key gives the stored result, also after a pause, and does not end the pause."""
    arguments = {**subject.prepare("create_campaign")(0), "idempotency_key": subject.key()}
    made = subject.call("create_campaign", **arguments)
    subject.call("pause", campaign_id=made.id)
    same(subject.call("create_campaign", **arguments), made, "the repeat")
    _status(subject, made, ("paused",))


@clause("ads.create_campaign.rule.known_key_first")
def known_key_first(subject: Subject) -> None:
    """A known key is answered before its start is checked: what was allowed yesterday may be too old today."""
    midnight = subject.now().replace(hour=0, minute=0, second=0, microsecond=0)
    spec = {**subject.prepare("create_campaign")(0)["spec"], "start": midnight - timedelta(days=1)}
    arguments = {"spec": spec, "idempotency_key": subject.key()}
    made = subject.call("create_campaign", **arguments)
    subject.advance(20 * 3_600)
    same(subject.call("create_campaign", **arguments), made, "the repeat")


@clause("ads.create_campaign.rule.other_end")
def other_end(subject: Subject) -> None:
    """A known key with another end, if only by an hour, or with another budget type is a key conflict."""
    end = subject.now() + timedelta(days=7)
    spec = {**subject.prepare("create_campaign")(0)["spec"], "end": end}
    key = subject.key()
    subject.call("create_campaign", spec=spec, idempotency_key=key)
    others: list[dict[str, Any]] = [{"end": end + timedelta(hours=1)}]
    if subject.offers("create_campaign.lifetime"):
        others.append({"budget_type": "lifetime"})
    for other in others:
        outcome = subject.attempt("create_campaign", spec={**spec, **other}, idempotency_key=key)
        refused(outcome, "key_conflict")


@clause("ads.create_campaign.rule.starts_at_once")
def starts_at_once(subject: Subject) -> None:
    """A campaign without a start, or with one from yesterday to 60 s ahead, is active at once."""
    for n, seconds in enumerate((None, 59, -1, -20 * 3_600)):
        start = None if seconds is None else subject.now() + timedelta(seconds=seconds)
        seen = create(subject, n, start=start)
        holds(seen.status in LIVE, "a campaign that starts at once must be active or in review", seen=seen)


@clause("ads.create_campaign.rule.future_start")
def future_start(subject: Subject) -> None:
    """A campaign with a start in the future spends nothing on days before it, and is active from then."""
    today = subject.now().date()
    made = create(subject, start=subject.now() + timedelta(days=2))
    subject.advance(DAY)
    early = spend(report(subject, today, 2, [made.id]))
    holds(not any(early.values()), "spend before the start", seen=early)
    subject.advance(DAY + 60)
    _status(subject, made, LIVE)


@clause("ads.create_campaign.rule.ends")
def ends(subject: Subject) -> None:
    """A campaign spends nothing on days after its end, and is ended."""
    today = subject.now().date()
    made = create(subject, end=subject.now() + timedelta(days=1))
    subject.advance(4 * DAY)
    late = spend(report(subject, today + timedelta(days=2), 3, [made.id]))
    holds(not any(late.values()), "spend after the end", seen=late)
    _status(subject, made, ("ended",))


@clause("ads.create_campaign.rule.created_paused")
def created_paused(subject: Subject) -> None:
    """A campaign that is created paused is paused and spends nothing."""
    today = subject.now().date()
    made = create(subject, paused=True)
    same(made.status, "paused", "status")
    subject.advance(2 * DAY)
    seen = spend(report(subject, today, 3, [made.id]))
    holds(not any(seen.values()), "a paused campaign spent", seen=seen)


@clause("ads.create_campaign.rule.effect")
def effect(subject: Subject) -> None:
    """Each created campaign stands once in the vendor's account, under its own id and name."""
    made = [create(subject, n) for n in range(3)]
    rows = sorted((row["id"], row["name"]) for row in subject.observe("campaigns"))
    same(len(rows), len(made), "number of campaigns in the account")
    same(rows, sorted((campaign.id, campaign.name) for campaign in made), "the account's campaigns")


@clause("ads.create_campaign.rule.lifetime", needs=["create_campaign.lifetime"])
def lifetime(subject: Subject) -> None:
    """A lifetime budget is never exceeded by the spend of all days together."""
    today, budget = subject.now().date(), 70_000_000
    made = create(subject, budget_type="lifetime", budget=budget, end=subject.now() + timedelta(days=7))
    same(made.budget, budget, "budget")
    subject.advance(9 * DAY)
    total = report(subject, today, 10, [made.id]).totals.spend
    holds(total <= budget, "more was spent than the lifetime budget", seen=total)


@clause("ads.report.rule.half_open")
def half_open(subject: Subject) -> None:
    """The range of a report is half-open: from is in, to is not, and from = to gives no rows."""
    made, today = create(subject), subject.now().date()
    for days in (0, 1, 3, 100):
        asked = [today + timedelta(days=n) for n in range(days)]
        seen = sorted(row.day for row in report(subject, today, days, [made.id]).rows)
        same([*map(str, seen)], [*map(str, asked)], f"days of the rows, from {today} to {today + timedelta(days=days)}")


@clause("ads.report.rule.zero_rows")
def zero_rows(subject: Subject) -> None:
    """A report has a row for every asked day, also before the creation and in the future, with zeros."""
    made, first = create(subject), subject.now().date()
    subject.advance(6 * 3_600)
    rows = report(subject, first - timedelta(days=2), 6, [made.id]).rows
    same(len(rows), 6, "rows for six days")
    idle = [row.plain() for row in rows if row.day < first or row.day > subject.now().date()]
    holds(not any(row[name] for row in idle for name in COUNTERS), "delivery outside the campaign's life", seen=idle)


@clause("ads.report.rule.complete")
def complete(subject: Subject) -> None:
    """A report is complete, however many pages the vendor makes of it: here of 101 campaigns."""
    made = [create(subject, n).id for n in range(10)]
    made += [create(subject, name=f"Another {n}").id for n in range(91)]
    seen = [row.campaign_id for row in report(subject, subject.now().date(), 1).rows]
    same(sorted({*made} - {*seen}), [], f"campaigns that the report leaves out, of {len(made)}")
    same(len(seen), len(made), "rows for one day")


@clause("ads.report.rule.fresh")
def fresh(subject: Subject) -> None:
    """The same report, asked again, shows what was created in between."""
    create(subject)
    today = subject.now().date()
    report(subject, today, 1)
    later = create(subject, 1).id
    seen = [row.campaign_id for row in report(subject, today, 1).rows]
    holds(later in seen, "the campaign that was created between two reports is not in the second", seen=seen)


@clause("ads.report.rule.selection")
def selection(subject: Subject) -> None:
    """campaign_ids select: none is every campaign, an empty list no rows, a list its campaigns, each once."""
    made, today = [create(subject, n).id for n in range(3)], subject.now().date()
    for ids, expected in ((None, made), ([], []), (made[1:], made[1:]), (made[:1] * 2, made[:1])):
        seen = sorted(row.campaign_id for row in report(subject, today, 1, ids).rows)
        same(seen, sorted(expected), f"campaigns of a report on {ids}")


@clause("ads.report.rule.totals")
def totals(subject: Subject) -> None:
    """Totals are the sums of the report's own rows, and roas is revenue / spend, none at spend 0."""
    today = subject.now().date()
    for n in range(2):
        create(subject, n)
    _totals(report(subject, today, 1).plain())
    subject.advance(2 * DAY)
    _totals(report(subject, today, 3).plain())


def _totals(found: dict[str, Any]) -> None:
    sums: dict[str, Any] = {name: sum(row[name] for row in found["rows"]) for name in COUNTERS}
    sums["roas"] = sums["revenue"] / sums["spend"] if sums["spend"] else None
    within = {"/conversions": 1e-9, "/roas": 1e-9}
    same(found["totals"], sums, "totals of the rows", tolerances=lambda pointer: within.get(pointer, 0.0))


@clause("ads.report.rule.daily_cap")
def daily_cap(subject: Subject) -> None:
    """The spend of a calendar day is at most budget x traits.overdelivery."""
    made, today = create(subject), subject.now().date()
    subject.advance(4 * DAY)
    days = spend(report(subject, today, 5, [made.id]))
    cap = made.budget * subject.traits.overdelivery
    holds(all(micros <= cap for micros in days.values()), f"a day above {cap} micros", seen=days)


@clause("ads.report.rule.as_of")
def as_of(subject: Subject) -> None:
    """A report says the account's time zone and currency, the instant it holds for, and its attribution."""
    create(subject)
    found = report(subject, subject.now().date(), 1)
    same(found, {"timezone": "UTC", "currency": "USD"}, "time zone and currency", subset=True)
    holds(found.attribution != "", "attribution is empty")
    for run in (subject, subject.stranger(timezone="Asia/Kolkata")):
        asked, as_of = run.now(), report(run, run.now().date(), 1).as_of
        late = max(1.0, run.traits.read_bound_s)
        near = asked - timedelta(seconds=late) <= as_of <= run.now() + timedelta(seconds=TWO_MS)
        holds(near, f"as_of is not within {late:g} s before the report, at {run.now()}", seen=instant_text(as_of))


@clause("ads.report.rule.later_days_stay")
def later_days_stay(subject: Subject) -> None:
    """A day that has passed keeps its spend: later reports on it say the same."""
    made, today = create(subject), subject.now().date()
    subject.advance(DAY + subject.traits.read_bound_s)
    first = report(subject, today, 1, [made.id]).totals.spend
    subject.advance(2 * DAY)
    same(report(subject, today, 1, [made.id]).totals.spend, first, "spend of a day that has passed")


@clause("ads.pause.rule.stops_spend")
def stops_spend(subject: Subject) -> None:
    """A paused campaign has no spend on days after the day of the pause."""
    made, today = create(subject), subject.now().date()
    subject.advance(DAY)
    seen = subject.call("pause", campaign_id=made.id)
    same(seen, {"id": made.id, "status": "paused"}, "what pause returned", subset=True)
    subject.advance(3 * DAY)
    later = spend(report(subject, today + timedelta(days=2), 3, [made.id]))
    holds(not any(later.values()), "spend after the day of the pause", seen=later)


@clause("ads.pause.rule.spares_others")
def spares_others(subject: Subject) -> None:
    """A pause concerns one campaign: the others go on."""
    first, second = create(subject), create(subject, 1)
    subject.call("pause", campaign_id=first.id)
    _status(subject, second, LIVE)


@clause("ads.pause.rule.no_change")
def no_change(subject: Subject) -> None:
    """Pausing a paused or an ended campaign succeeds and changes nothing."""
    paused, today = create(subject, paused=True), subject.now().date()
    ended = create(subject, 1, end=subject.now() + timedelta(hours=1))
    subject.advance(2 * DAY)
    same(subject.call("pause", campaign_id=paused.id), paused, "a paused campaign that is paused again")
    seen = subject.call("pause", campaign_id=ended.id)
    same(seen, {"id": ended.id, "status": "ended"}, "an ended campaign that is paused", subset=True)
    idle = spend(report(subject, today, 3, [paused.id]))
    holds(not any(idle.values()), "spend between two pauses", seen=idle)


@clause("ads.pause.rule.before_start")
def before_start(subject: Subject) -> None:
    """A campaign that has not started yet can be paused, and then does not start."""
    made, today = create(subject, start=subject.now() + timedelta(days=1)), subject.now().date()
    same(subject.call("pause", campaign_id=made.id).status, "paused", "status")
    subject.advance(3 * DAY)
    idle = spend(report(subject, today, 4, [made.id]))
    holds(not any(idle.values()), "spend of a campaign that was paused before its start", seen=idle)


def _status(subject: Subject, made: Any, allowed: tuple[str, ...]) -> None:
    """Asks the observer where there is one; a pause would change what it asks about."""
    rows = {row["id"]: row["status"] for row in subject.observe("campaigns")}
    holds(rows.get(made.id) in (*allowed, None), f"status must be {' or '.join(allowed)}", seen=rows.get(made.id))
