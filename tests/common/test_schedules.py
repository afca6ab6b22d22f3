import math

import pytest
import torch

from common.errors import RepriseError
from common.schedules import factor, schedule


def rates(name: str, steps: int, **options) -> list[float]:
    """The learning rate of each step, starting from 10."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=10.0)
    scheduler = schedule(optimizer, name, steps, **options)["scheduler"]
    seen = []
    for _ in range(steps):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return seen


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("constant", {}, [10.0] * 8),
        ("linear", {}, [10 * (1 - k / 8) for k in range(8)]),
        ("linear", {"floor": 0.2}, [10 * (0.2 + 0.8 * (1 - k / 8)) for k in range(8)]),
        ("cosine", {}, [5 * (1 + math.cos(math.pi * k / 8)) for k in range(8)]),
        ("step", {}, [10.0] * 4 + [1.0] * 2 + [0.1] * 2),
        ("step", {"milestones": (0.25,), "gamma": 0.5}, [10.0] * 2 + [5.0] * 6),
        ("constant", {"warmup": 4}, [2.5, 5.0, 7.5, 10.0] + [10.0] * 4),
        ("cosine", {"warmup": 2}, [5.0, 10.0] + [5 * (1 + math.cos(math.pi * k / 6)) for k in range(6)]),
    ],
)
def test_learning_rates_follow_the_formula(name, options, expected):
    assert rates(name, 8, **options) == pytest.approx(expected)


def test_stays_at_the_floor_after_the_last_step():
    assert factor(100, "cosine", total_steps=10, floor=0.1) == pytest.approx(0.1)


def test_a_near_name_is_suggested():
    with pytest.raises(RepriseError, match=r"no schedule 'cosin'; did you mean 'cosine'\? \(known: constant"):
        rates("cosin", 3)
