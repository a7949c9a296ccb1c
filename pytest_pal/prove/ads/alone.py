"""Correct, and nothing of the mock in them: campaigns in SQLite, in a file each, in a journal."""

from ...kit.harness import Harness
from ..saboteur import Benign
from .accounts import Account
from .files import FilesAds
from .journal import JournalAds
from .sqlite import SqliteAds


def over_a_folder(cls: type[Account]) -> Harness:
    return Harness(cls, fresh=lambda folder: folder, config=lambda folder: {"path": folder})


ALONE = (
    Benign(
        "in_sqlite",
        over_a_folder(SqliteAds),
        "budgets are in cents, ids count, and rows come day by day with the newest campaign first",
        alone=True,
    ),
    Benign(
        "in_files",
        over_a_folder(FilesAds),
        "its vendor has no keys, and spends twice the budget on every other day and nothing between, as it says",
        alone=True,
    ),
    Benign(
        "in_a_journal",
        over_a_folder(JournalAds),
        "coroutines; campaigns are reviewed first and earn without spending, reports count whole hours",
        alone=True,
    ),
)
