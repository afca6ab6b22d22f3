def pytest_collection_modifyitems(items):
    """The pipelines take longest: start them first, so that the other workers' tests fill the time beside them."""
    items.sort(key=lambda item: "pipelines" not in item.path.parts)
