"""One package per paper. A paper imports `common` and itself, never another paper."""
