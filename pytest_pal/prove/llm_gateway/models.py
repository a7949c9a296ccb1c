"""Wrong in models."""

from typing import Any

from ...mocks.llm_gateway import MockLLMGateway
from ..saboteur import Saboteur


class InventsModel(MockLLMGateway):
    def models(self) -> Any:
        return {"models": [*super().models()["models"], {"id": "invented", "vendor": "harbor"}]}


class HidesFigures(MockLLMGateway):
    def models(self) -> Any:
        return {"models": [{**row, "quality_ppm": None} for row in super().models()["models"]]}


class ListsTwice(MockLLMGateway):
    def models(self) -> Any:
        return {"models": super().models()["models"] * 2}


class ListsOne(MockLLMGateway):
    def models(self) -> Any:
        return {"models": super().models()["models"][:1]}


class ShowsUp(MockLLMGateway):
    def models(self) -> Any:
        return {"models": [{**row, "health": "up"} for row in super().models()["models"]]}


SABOTEURS = (
    Saboteur("shows_up", ShowsUp, "llm_gateway.models.rule.catalogue"),
    Saboteur("invents_model", InventsModel, "llm_gateway.models.rule.catalogue"),
    Saboteur("hides_figures", HidesFigures, "llm_gateway.models.rule.catalogue"),
    Saboteur("lists_twice", ListsTwice, "llm_gateway.models.rule.catalogue"),
    Saboteur("lists_one", ListsOne, "llm_gateway.models.rule.complete"),
)
