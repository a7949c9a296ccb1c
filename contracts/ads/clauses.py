"""What ads promise beyond the general families. Every budget is the sample's, in micros of USD."""

from datetime import date, timedelta
from typing import Any

from ...model.clause import clause, holds, same
from ...model.subject import Subject

DAY = 86_400
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


def spend(found: Any) -> dict[date, int]:
    """Micros spent, by day."""
    days: dict[date, int] = {}
    for row in found.rows:
        days[row.day] = days.get(row.day, 0) + row.spend
    return days


@clause("ads.create_campaign.rule.echo")
def echo(subject: Subject) -> None:
    """A created campaign has the name, budget, currency, objective and end that were asked for."""
    wanted = {**subject.prepare("create_campaign")(0)["spec"], "end": subject.now() + timedelta(days=9)}
    seen = subject.call("create_campaign", spec=wanted)
    asked = {name: wanted[name] for name in ("name", "budget", "currency", "objective")}
    same(seen, asked, "the campaign differs from its spec", subset=True)
    late = seen.end is None or abs((seen.end - wanted["end"]).total_seconds()) > 0.002
    holds(not late, "the end was changed", seen=seen)


@clause("ads.create_campaign.rule.starts_at_once")
def starts_at_once(subject: Subject) -> None:
    """A campaign without a start, or with one at most 60 s ahead, is active at once."""
    for n, start in enumerate((None, subject.now() + timedelta(seconds=59))):
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
    for days in (0, 1, 3):
        asked = [today + timedelta(days=n) for n in range(days)]
        seen = sorted(row.day for row in report(subject, today, days, [made.id]).rows)
        holds(seen == asked, f"days of a range of {days}", seen=[str(day) for day in seen])


@clause("ads.report.rule.zero_rows")
def zero_rows(subject: Subject) -> None:
    """A report has a row for every asked day, also before the creation and in the future, with zeros."""
    made, today = create(subject), subject.now().date()
    rows = report(subject, today - timedelta(days=2), 6, [made.id]).rows
    same(len(rows), 6, "rows for six days")
    idle = [row.plain() for row in rows if row.day < today or row.day > today + timedelta(days=1)]
    holds(not any(row[name] for row in idle for name in COUNTERS), "delivery outside the campaign's life", seen=idle)


@clause("ads.report.rule.selection")
def selection(subject: Subject) -> None:
    """campaign_ids select: none is every campaign, an empty list no rows, a list just its campaigns."""
    made, today = [create(subject, n).id for n in range(3)], subject.now().date()
    for ids, expected in ((None, made), ([], []), (made[1:], made[1:])):
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
    holds(all(micros <= cap for micros in days.values()), f"a day above {cap} micros", seen=list(days.values()))


@clause("ads.report.rule.as_of")
def as_of(subject: Subject) -> None:
    """A report says the account's time zone and currency, the instant it holds for, and its attribution."""
    create(subject)
    found = report(subject, subject.now().date(), 1)
    same(found, {"timezone": "UTC", "currency": "USD"}, "time zone and currency", subset=True)
    lag = (subject.now() - found.as_of).total_seconds()
    bound = subject.traits.read_bound_s
    holds(-0.002 <= lag <= max(1.0, bound), "as_of is not the instant of the report", seen=lag)
    holds(found.attribution != "", "attribution is empty")


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
    holds(not any(later.values()), "spend after the day of the pause", seen=list(later.values()))


@clause("ads.pause.rule.spares_others")
def spares_others(subject: Subject) -> None:
    """A pause concerns one campaign: the others go on."""
    first, second = create(subject), create(subject, 1)
    subject.call("pause", campaign_id=first.id)
    _status(subject, second, LIVE)


@clause("ads.pause.rule.no_change")
def no_change(subject: Subject) -> None:
    """Pausing a paused or an ended campaign succeeds and changes nothing."""
    paused = create(subject, paused=True)
    same(subject.call("pause", campaign_id=paused.id), paused, "a paused campaign that is paused again")
    ended = create(subject, 1, end=subject.now() + timedelta(hours=1))
    subject.advance(2 * DAY)
    seen = subject.call("pause", campaign_id=ended.id)
    same(seen, {"id": ended.id, "status": "ended"}, "an ended campaign that is paused", subset=True)


def _status(subject: Subject, made: Any, allowed: tuple[str, ...]) -> None:
    """Asks the observer where there is one; a pause would change what it asks about."""
    rows = {row["id"]: row["status"] for row in subject.observe("campaigns")}
    holds(rows.get(made.id) in (*allowed, None), f"status must be {' or '.join(allowed)}", seen=rows.get(made.id))
