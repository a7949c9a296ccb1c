"""``pal vendor``: the vendor that the kit serves, alone, for adapters in any language."""

import argparse
import json
import os
import signal
import sys
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from ..canonical import file_text
from ..errors import PalError, did_you_mean
from ..faults.catalogue import BY_NAME, Fault
from ..faults.listener import HOST
from ..kit.discovery import contract_of
from ..kit.named import case_named
from ..kit.plan import target_of
from ..kit.stand_alone import CONTROL, StandAlone, turn_of
from ..kit.twins.harness import AUTH, identity
from ..kit.vendor import Vendor
from ..registry.entry_points import ADAPTERS, CAPABILITIES, entries
from ..report.matrix import WIDTH

EXAMPLE = f"""
Of a capability it serves the identity mapping over the mock: POST /<operation>
with the arguments as a JSON object, "Authorization: Bearer <secret>", and
"Idempotency-Key: <key>" where the operation takes one. 200 is the output,
anything else an error, {{"error": {{"code", "message", "outcome_unknown"}}}}.
Of an adapter it serves the mapping of its harness. Its clock is this machine's.

While it runs:
  GET    {CONTROL}          what it serves, and what can be asked of it
  GET    {CONTROL}requests  every request so far, with its answer
  GET    {CONTROL}state     what the vendor keeps
  PUT    {CONTROL}fault     {{"name": "status_503", "at": 1, "to": 2}}: fails so at
                         the 1st and 2nd request from now; without "to" until
                         it is lifted
  DELETE {CONTROL}fault     works again, and drops the connections that hang
  POST   {CONTROL}advance   {{"seconds": 3600}}: moves its clock on
  POST   {CONTROL}reset     is as at the start

exit code: 0 after Ctrl-C, 2 for a name or a fault that there is not, or a taken port

example:
  pal vendor ads --port 8080 --fault status_503@1-2 --fault hang@3
  curl -X PUT localhost:8080{CONTROL}fault -d '{{"name": "reset_after"}}'
  pal vendor --faults
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLE
    parser.description = "Serves a vendor on this machine, with faults when asked, and shows what it is asked."
    parser.add_argument("name", nargs="?", metavar="NAME", help="a capability (ads, ...), or an adapter")
    parser.add_argument("--port", type=int, default=0, metavar="N", help="default: a free one")
    parser.add_argument("--host", default=HOST, help=f"{HOST}, and no other: it serves whoever asks")
    text = "fails so from the I-th request on (default: the first), or to the J-th (repeatable)"
    parser.add_argument("--fault", action="append", default=[], metavar="NAME[@I[-J]]", help=text)
    parser.add_argument("--tls", action="store_true", help="serve https, with a certificate of the test CA")
    parser.add_argument("--json", action="store_true", help="print JSON lines: what it serves, then each request")
    parser.add_argument("--faults", action="store_true", help="list the faults that there are, and end")


def run(options: argparse.Namespace) -> int:
    """Serves until Ctrl-C. Raises PalError for what cannot be served."""
    if options.faults:
        rows = [_plain(fault) for fault in BY_NAME.values()]
        sys.stdout.write(file_text(rows) if options.json else "".join(f"{line}\n" for line in _table()))
        return 0
    if options.host not in (HOST, "localhost"):
        raise PalError(f"--host {options.host}: it listens on {HOST} only, since it serves whoever asks")
    # A shell has its background jobs ignore Ctrl-C; whoever sends the signal to this one means it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        _serve(options)
    except KeyboardInterrupt:
        pass
    except BrokenPipeError:
        # Who reads this has gone, and Python would say so once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _serve(options: argparse.Namespace) -> None:
    contract, vendor = _found(options.name)
    turns = [turn_of(text, vendor) for text in options.fault]
    asked: SimpleQueue[Mapping[str, Any]] = SimpleQueue()
    show = _as_json if options.json else _as_lines
    with closing(StandAlone(contract, vendor, turns=turns, told=asked.put, port=options.port, tls=options.tls)) as live:
        _print(_as_json(live.about()) if options.json else _head(options.name, live.about()))
        while True:
            _print(show(asked.get()))


def _found(name: str | None) -> tuple[Any, Vendor]:
    capabilities = [entry.name for entry in entries(CAPABILITIES)]
    if name is None:
        raise PalError(f"name what to serve: one of {', '.join(capabilities)}, or an adapter; or type --faults")
    if name in capabilities:
        contract = contract_of(name)
        return contract, Vendor(identity(contract.capability), auth=AUTH)
    known = [*capabilities, *(entry.name for entry in entries(ADAPTERS))]
    try:
        target = target_of(case_named(name, Path()))
    except PalError as error:
        raise PalError(f"{error}" if name in known else f"{name!r}: {did_you_mean(name, known)}") from None
    if target.harness.vendor is None or target.harness.vendor.codecs:
        instead = f"pal vendor {target.capability.name} serves the mock"
        raise PalError(f"the harness of {name} has no Vendor to serve over HTTP; {instead}")
    return target.contract, target.harness.vendor


def _print(lines: Iterator[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def _as_json(told: Mapping[str, Any]) -> Iterator[str]:
    yield json.dumps(told, sort_keys=True)


def _head(name: str, about: Mapping[str, Any]) -> Iterator[str]:
    yield f"{name} at {about['url']}"
    where = f" ({' or '.join(about['auth'])})" if about["auth"] else " (not asked for)"
    yield from _row("secret", f"{about['secret']}{where}")
    if about["cafile"]:
        yield from _row("cafile", about["cafile"])
    for n, endpoint in enumerate(about["endpoints"]):
        key = f", key {endpoint['key']}" if "key" in endpoint else ""
        yield from _row("" if n else "endpoints", f"{endpoint['route']} ({endpoint['kind']}{key})")
    for turn in about["faults"]:
        until = "" if turn["to"] is None else f" to {turn['to']}"
        yield from _row("fault", f"{turn['name']} from request {turn['at']}{until}")
    yield from _row("control", f"{about['url']}{CONTROL}")
    yield from _row("end", "Ctrl-C")
    yield ""


def _row(title: str, text: str) -> list[str]:
    """Not wrapped: an address or a file is there to be copied."""
    return [f"  {title:<11}{text}"]


def _as_lines(shown: Mapping[str, Any]) -> Iterator[str]:
    """One line per request, and one for each thing that is wrong with the vendor itself."""
    reply, fault = shown["reply"], f" ({shown['fault']})" if shown["fault"] else ""
    line = f"{shown['request']:>3} {shown['method']} {shown['path']} -> {reply.get('delivery', reply.get('status'))}"
    key = f" key={shown['key']}" if shown["key"] else ""
    body = f" {json.dumps(shown['body'])}" if shown["body"] is not None else ""
    yield _cut(f"{line}{fault}{key}{body}")
    for problem in shown["problems"]:
        yield _cut(f"    problem: {problem}")


def _cut(text: str) -> str:
    """What a terminal can show on one line: a request may hold anything."""
    safe = json.dumps(text)[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    return safe if len(safe) <= WIDTH else f"{safe[: WIDTH - 4]} ..."


def _plain(fault: Fault) -> dict[str, Any]:
    return {
        "name": fault.name,
        "vendor": fault.sentence,
        "codes": list(fault.codes),
        "outcome": fault.outcome,
        "source": fault.source,
        "seams": list(fault.seams),
    }


def _table() -> Iterator[str]:
    yield f"{'fault':<24}{'outcome':<9}what an adapter makes of it"
    for fault in BY_NAME.values():
        yield f"{fault.name:<24}{fault.outcome:<9}{' or '.join(fault.codes) or 'nothing: it works'}"
        only = "" if "http" in fault.seams else f" (over {', '.join(fault.seams)} only)"
        text = f"the vendor {fault.sentence}{only}"
        yield from textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="  ")
        yield f"  {fault.source}"
