"""Speed against peers and against the machine's limit, as ratios measured in one run."""
