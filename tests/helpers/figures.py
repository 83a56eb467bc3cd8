"""Figures as Prometheus reads them, from a program's address."""

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

Samples = dict[tuple[str, ...], float]
"""By the name and the values of the labels, in the order of the labels' names."""


async def text_of(url: str) -> str:
    """Return the text of a scrape."""
    async with aiohttp.ClientSession() as client, client.get(f"{url}/metrics") as answer:
        assert 200 == answer.status
        return await answer.text()


async def scrape(url: str) -> Samples:
    """Return every sample of a scrape."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(await text_of(url))
        for sample in family.samples
    }


async def names_at(url: str) -> set[str]:
    """Return every name that may be asked for, also of what has no value yet."""
    names: set[str] = set()
    for family in text_string_to_metric_families(await text_of(url)):
        endings = {
            "counter": ("_total",),
            "histogram": ("_bucket", "_count", "_sum"),
            "info": ("_info",),
        }
        names.update(family.name + end for end in endings.get(family.type, ("",)))
    return names
