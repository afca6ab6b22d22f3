import pytest
from xdist.scheduler import LoadScopeScheduling


class ByFile(LoadScopeScheduling):
    """A file's tests go to one worker, as with `--dist loadfile`; of the pipelines' file those of one paper do."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        if "pipelines" not in file.split("/"):
            return file
        paper = test.partition("[")[2].rstrip("]").split("-")[0]
        return f"{file} {paper}"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return ByFile(config, log)


def pytest_collection_modifyitems(items):
    """The pipelines take longest: start them first, paper by paper, and let the other tests fill the time beside."""
    items.sort(key=lambda item: "pipelines" not in item.path.parts)
