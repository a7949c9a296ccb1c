"""What the loopback server costs: medians and 99th percentiles of many turns on one machine, in milliseconds.

python benchmarks/faults.py [--turns 1000]
"""

import argparse
import http.client
import ssl
import statistics
import time
from collections.abc import Callable
from functools import partial

from pytest_pal.faults import tls
from pytest_pal.faults.message import Delivery, Reply, Request
from pytest_pal.faults.server import HttpServer

BODY = b'{"id": "c-1", "status": "active"}'


def respond(request: Request) -> Reply:
    return Reply(body=BODY, delivery=Delivery(request.query.get("delivery", "whole")))


def measure(name: str, turn: Callable[[], object], turns: int) -> None:
    times = []
    for _ in range(turns + 10):
        started = time.perf_counter()
        turn()
        times.append(1000 * (time.perf_counter() - started))
    times = sorted(times[10:])
    print(f"{name:34} {statistics.median(times):7.3f} ms   99%: {times[int(0.99 * turns)]:7.3f} ms")


def call(client: http.client.HTTPConnection, target: str = "/v1/campaigns?limit=1") -> bytes:
    client.request("POST", target, BODY, {"Authorization": "Bearer token", "Content-Type": "application/json"})
    return client.getresponse().read()


def fresh(client: http.client.HTTPConnection) -> None:
    call(client)
    client.close()


def lost(client: http.client.HTTPConnection) -> None:
    try:
        call(client, "/?delivery=reset")
    except ConnectionResetError:
        client.close()


def refused(server: HttpServer, client: http.client.HTTPConnection) -> None:
    client.close()
    with server.refusing():
        try:
            client.connect()
        except ConnectionRefusedError:
            return


def item(trust: ssl.SSLContext | None) -> None:
    """All that one fault item needs of the server: made, asked in vain, asked again, closed."""
    with HttpServer(respond, tls=trust and tls.server_context()) as server:
        client = client_of(server, trust)
        lost(client)
        fresh(client)


def client_of(server: HttpServer, trust: ssl.SSLContext | None) -> http.client.HTTPConnection:
    if trust is None:
        return http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    return http.client.HTTPSConnection("127.0.0.1", server.port, timeout=10, context=trust)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=1000)
    turns = parser.parse_args().turns
    measure("start and stop", lambda: HttpServer(respond).close(), turns)
    for name, trust in (("HTTP", None), ("TLS", ssl.create_default_context(cafile=tls.CAFILE))):
        with HttpServer(respond, tls=trust and tls.server_context()) as server:
            client = client_of(server, trust)
            measure(f"{name}: call on a kept connection", partial(call, client), turns)
            client.close()
            measure(f"{name}: call on a new connection", partial(fresh, client), turns)
            measure(f"{name}: reset", partial(lost, client), turns)
            measure(f"{name}: refused", partial(refused, server, client), turns)
            client.close()
        measure(f"{name}: a whole item (reset, again)", partial(item, trust), turns)


if __name__ == "__main__":
    main()
