"""Image sets as checked arrays and collections of checked text files, fetched once per machine.

`load("mnist")` or `texts.read("gset", "G1")` is all that a paper needs. What a dataset is stands in
`data/registry.yaml` or `data/texts.yaml`; see `data/README.md` for the sources, the cache and how to bring a
dataset by hand.
"""

from common.datasets import texts
from common.datasets.access import Dataset, Row, fetch, info, load, names, overview, verify
from common.datasets.errors import DatasetError
from common.datasets.sources import mirror
from common.datasets.store import root as cache_root

__all__ = [
    "Dataset",
    "DatasetError",
    "Row",
    "cache_root",
    "fetch",
    "info",
    "load",
    "mirror",
    "names",
    "overview",
    "texts",
    "verify",
]
