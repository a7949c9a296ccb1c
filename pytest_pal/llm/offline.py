"""A catalogue of models that exist nowhere: what tests and the mock route between without a network.

One is free, which is not the same as a price that nobody knows; one is a vendor's own automatic choice,
of which nothing is known.
"""

from typing import Any

UNKNOWN = "chosen by the vendor at the time of the request"

POLICY: dict[str, Any] = {
    "weights": {"cost": 0.25, "latency": 0.25, "quality": 0.25, "safety": 0.25},
    "constraints": {},
}

CATALOGUE: dict[str, Any] = {
    "models": [
        {
            "id": "harbor-large",
            "vendor": "harbor",
            "prices": {
                "input": 3_000_000,
                "output": 15_000_000,
                "cached_input": 300_000,
                "cache_write": 3_750_000,
            },
            "latency_us": 2_400_000,
            "quality_ppm": 910_000,
            "safety_ppm": 930_000,
            "context_tokens": 200_000,
            "modalities": ["text", "image"],
            "features": ["tools", "json"],
            "regions": ["eu"],
            "retention_days": 0,
            "tags": ["careful"],
        },
        {
            "id": "harbor-small",
            "vendor": "harbor",
            "prices": {"input": 250_000, "output": 1_250_000, "cached_input": 25_000, "cache_write": 312_500},
            "latency_us": 600_000,
            "quality_ppm": 690_000,
            "safety_ppm": 880_000,
            "context_tokens": 200_000,
            "features": ["json"],
            "regions": ["eu", "us"],
            "retention_days": 0,
        },
        {
            "id": "meadow/pro",
            "vendor": "meadow",
            "prices": {
                "input": 1_000_000,
                "output": 4_000_000,
                "cached_input": 500_000,
                "cache_write": 1_000_000,
            },
            "latency_us": 1_100_000,
            "quality_ppm": 840_000,
            "safety_ppm": 900_000,
            "context_tokens": 128_000,
            "features": ["tools", "json"],
            "regions": ["us"],
            "retention_days": 30,
            "tags": ["careful"],
        },
        {
            "id": "meadow/lite",
            "vendor": "meadow",
            "prices": {"input": 0, "output": 0, "cached_input": 0, "cache_write": 0},
            "latency_us": 350_000,
            "quality_ppm": 420_000,
            "safety_ppm": 610_000,
            "context_tokens": 64_000,
            "regions": ["us"],
            "retention_days": 30,
        },
        {
            "id": "orion-auto",
            "vendor": "orion",
            "unknown": {
                "prices": UNKNOWN,
                "latency_us": UNKNOWN,
                "quality_ppm": UNKNOWN,
                "safety_ppm": UNKNOWN,
            },
        },
    ]
}
