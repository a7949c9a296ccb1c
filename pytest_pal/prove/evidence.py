"""The evidence: what a proof came to, by capability, shipped beside this room for `pytest_pal.kit.strength`."""

from ..canonical import file_text, write_atomically
from ..kit import strength
from .proof import Proof


def write(proof: Proof) -> None:
    """Keeps the figures of what was judged, and those of other capabilities as they were."""
    kept = {**strength.evidence()}
    for contract in proof.contracts:
        name = contract.capability.name
        figures = proof.of(name).figures()
        kept[name] = {
            **{count: figures[count] for count in strength.COUNTS},
            "version": contract.capability.version,
            "digest": strength.digest_of(contract),
        }
    write_atomically(strength.FILE, file_text(kept))
    strength.evidence.cache_clear()
