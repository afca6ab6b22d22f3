"""Gymnasium environments of the five problems; importing this registers them.

    import gymnasium
    import papers.solution_samplers.environments

    env = gymnasium.make("reprise/MaxCut-v0", vertices=20)
    envs = gymnasium.make_vec("reprise/MaxCut-v0", num_envs=256, vertices=20)  # native: all instances as arrays

A solution is built piece by piece, and the rewards of an episode add up to minus the solution's cost. An observation
is a dict: the instance, the solution so far, "current" (one-hot: what the next action is about) and "action_mask".
"""

import gymnasium

_CLASSES = {
    "MaxCut": "cuts:MaxCut",
    "MinCut": "cuts:MinCut",
    "CSP": "csp:Csp",
    "Matching": "matching:Matching",
    "TSP": "tsp:Tsp",
}

IDS = tuple(f"reprise/{name}-v0" for name in _CLASSES)
"""What `gymnasium.make` knows after this import."""

for _id, _class in zip(IDS, _CLASSES.values(), strict=True):
    gymnasium.register(_id, entry_point=f"{__name__}.{_class}Env", vector_entry_point=f"{__name__}.{_class}VectorEnv")
