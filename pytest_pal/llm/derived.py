"""Payloads with properties that are computed once."""

from typing import Self

from ..model.payload import Payload


class Derived(Payload):
    """A copy computes its cached properties anew: ``model_copy(update=...)`` may have changed what they say."""

    def __copy__(self) -> Self:
        copied = super().__copy__()
        for name in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[name]
        return copied
