"""REINFORCE on the environments, trained with the Lightning core: the paper's idea at the level of actions."""
