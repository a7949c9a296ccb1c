"""What saboteurs of experiments are made of: the mock over another project, and with other reports."""

from typing import Any

from ...mocks.experiments import MockExperiments, Project

Json = dict[str, Any]


def over(project: type[Project], base: type[MockExperiments] = MockExperiments) -> type:
    """The mock over a project that breaks a promise."""

    def opened(self: Any, state: Any) -> Project:
        return project(state, self._seed)

    return type(f"Mock{project.__name__}", (base,), {"_project": opened})


class Reports(MockExperiments):
    """Reports otherwise: the whole in `change`, or each row in `row`."""

    def change(self, found: Json) -> Json:
        return {**found, "variants": [{**row, **self.row(row)} for row in found["variants"]]}

    def row(self, row: Json) -> Json:
        raise NotImplementedError

    def report(self, key: str) -> Json:
        return self.change(super().report(key))
