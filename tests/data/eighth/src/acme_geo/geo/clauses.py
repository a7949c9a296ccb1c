"""What geo promises beyond the general families."""

from pytest_pal import Subject, clause, holds, same


@clause("geo.find.rule.found_again")
def found_again(subject: Subject) -> None:
    """A registered place is found again under its id."""
    made = subject.call("register", **subject.prepare("register")(0))
    same(subject.call("find", place_id=made.id), made, "the place that was found")


@clause("geo.find.rule.region", since="1.1")
def region(subject: Subject) -> None:
    """A place that is found lies in a region."""
    made = subject.call("register", **subject.prepare("register")(0))
    holds(subject.call("find", place_id=made.id).region is not None, "the place has no region")
