"""The seven contracts; one folder each: protocol, samples, clauses, scenarios."""
