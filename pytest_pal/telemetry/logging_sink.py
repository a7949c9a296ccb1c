"""JSON lines through `logging`: one sorted object for each operation."""

import json
import logging

from .content import told
from .records import OperationRecord
from .redaction import Redactor

LOGGER = "pytest_pal.telemetry"


class LoggingSink:
    """Writes each record as one line of JSON: ASCII, keys sorted, the same record always the same line.

    Level INFO for a call that succeeded, WARNING for one that failed or was given up. ``redactor`` hides secrets;
    texts of errors and other content (`content.told`) are left out unless ``content`` is True.
    """

    def __init__(
        self, logger: logging.Logger | None = None, redactor: Redactor | None = None, *, content: bool = False
    ) -> None:
        self._logger = logger or logging.getLogger(LOGGER)
        self._redactor = redactor or Redactor()
        self._content = content

    def __call__(self, record: OperationRecord) -> None:
        level = logging.INFO if record.status == "ok" else logging.WARNING
        if self._logger.isEnabledFor(level):
            plain = told(record, self._redactor, content=self._content)
            self._logger.log(level, json.dumps(plain, sort_keys=True, allow_nan=False, separators=(",", ":")))
