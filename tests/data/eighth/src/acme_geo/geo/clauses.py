"""What geo promises beyond the general families."""

from pytest_pal import Subject, clause, same


@clause("geo.find.rule.found_again")
def found_again(subject: Subject) -> None:
    """A registered place is found again under its id."""
    made = subject.call("register", **subject.prepare("register")(0))
    same(subject.call("find", place_id=made.id), made, "the place that was found")
