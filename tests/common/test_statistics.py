import numpy as np
import pytest
from scipy import stats

from common.statistics import (
    Interval,
    bootstrap_interval,
    holm,
    iqm,
    paired_difference,
    paired_p_value,
    paired_ratio,
    performance_profile,
    profile_score,
    slope,
    t_interval,
    time_to_target,
    wilson_interval,
)

SKEWED = np.random.default_rng(3).exponential(size=15)
PAIRED_A = np.random.default_rng(1).normal(2.0, 1.0, size=8)
PAIRED_B = np.random.default_rng(2).normal(1.5, 1.0, size=8)


def ends(interval: Interval) -> tuple[float, float]:
    return interval.low, interval.high


def test_t_interval_is_scipys():
    interval = t_interval(SKEWED)
    expected = stats.ttest_1samp(SKEWED, 0.0).confidence_interval(0.95)
    assert (interval.value, interval.n) == (pytest.approx(SKEWED.mean()), 15)
    assert ends(interval) == pytest.approx((expected.low, expected.high), rel=1e-12)


def test_t_interval_by_hand():
    half = 4.302652730 * 1.0 / 3**0.5  # t_{2, .975} s / sqrt(n)
    assert ends(t_interval([1, 2, 3])) == pytest.approx((2 - half, 2 + half), rel=1e-8)


def test_t_interval_covers_the_mean_95_times_in_100():
    draws = np.random.default_rng(0).normal(7.0, 2.0, size=(4000, 5))
    covered = sum(interval.low <= 7.0 <= interval.high for interval in map(t_interval, draws))
    assert 0.94 < covered / 4000 < 0.96


@pytest.mark.parametrize("interval_of", [t_interval, bootstrap_interval])
def test_one_sample_has_a_value_but_no_interval(interval_of):
    assert interval_of([3.5]) == Interval(3.5, None, None, 1)


def test_equal_samples_have_an_interval_without_width():
    assert t_interval([0.1] * 3) == Interval(0.1, 0.1, 0.1, 3)
    bootstrapped = bootstrap_interval([0.1] * 3)
    assert bootstrapped.low == bootstrapped.high == bootstrapped.value == pytest.approx(0.1)


@pytest.mark.parametrize("values", [[], [[1.0, 2.0]], 3.0])
def test_samples_must_be_a_list_of_at_least_one(values):
    with pytest.raises(ValueError, match="at least one sample"):
        t_interval(values)


@pytest.mark.parametrize("method", ["percentile", "bca"])
@pytest.mark.parametrize("statistic", [np.mean, np.median, iqm])
def test_bootstrap_interval_is_scipys_for_the_same_draws(method, statistic):
    ours = bootstrap_interval(SKEWED, statistic, method, seed=7)
    scipys = stats.bootstrap((SKEWED,), statistic, method=method, rng=np.random.default_rng(7))
    low, high = scipys.confidence_interval
    assert ends(ours) == pytest.approx((low, high), rel=1e-9)
    assert ours.value == pytest.approx(statistic(SKEWED))


def test_bca_differs_from_percentile_where_the_samples_are_skewed():
    bca, percentile = (bootstrap_interval(SKEWED, method=method) for method in ("bca", "percentile"))
    assert bca.high > percentile.high and bca.low > percentile.low


def test_bootstrap_depends_on_its_seed_alone():
    assert bootstrap_interval(SKEWED, seed=5) == bootstrap_interval(SKEWED, seed=5)
    assert bootstrap_interval(SKEWED, seed=5) != bootstrap_interval(SKEWED, seed=6)


def test_bootstrap_covers_the_median_about_95_times_in_100():
    draws = np.random.default_rng(0).exponential(size=(300, 30))
    intervals = [bootstrap_interval(row, np.median, "percentile", resamples=500) for row in draws]
    covered = np.mean([interval.low <= np.log(2) <= interval.high for interval in intervals])
    assert 0.91 < covered < 0.98


def test_bootstrap_knows_two_methods():
    with pytest.raises(ValueError, match="'bca' or 'percentile'"):
        bootstrap_interval(SKEWED, method="basic")


@pytest.mark.parametrize(("successes", "trials"), [(0, 10), (3, 10), (10, 10), (499, 500), (1, 1)])
def test_wilson_interval_is_scipys(successes: int, trials: int):
    interval = wilson_interval(successes, trials)
    expected = stats.binomtest(successes, trials).proportion_ci(0.95, method="wilson")
    assert ends(interval) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert 0.0 <= interval.low <= interval.value <= interval.high <= 1.0
    assert interval.n == trials


@pytest.mark.parametrize(("successes", "trials"), [(-1, 3), (4, 3), (0, 0)])
def test_wilson_interval_refuses_impossible_counts(successes: int, trials: int):
    with pytest.raises(ValueError, match=f"{successes} of {trials}"):
        wilson_interval(successes, trials)


def test_paired_difference_and_its_test_are_scipys():
    expected = stats.ttest_rel(PAIRED_A, PAIRED_B)
    low, high = expected.confidence_interval(0.95)
    assert ends(paired_difference(PAIRED_A, PAIRED_B)) == pytest.approx((low, high), rel=1e-12)
    assert paired_p_value(PAIRED_A, PAIRED_B) == pytest.approx(expected.pvalue, rel=1e-12)
    assert paired_p_value(PAIRED_B, PAIRED_A) == pytest.approx(expected.pvalue, rel=1e-12)


def test_the_paired_test_and_the_interval_agree_on_significance():
    for shift in np.linspace(-2, 2, 41):
        interval = paired_difference(PAIRED_A + shift, PAIRED_B)
        assert (paired_p_value(PAIRED_A + shift, PAIRED_B) < 0.05) == (interval.low > 0 or interval.high < 0)


def test_pairing_removes_what_the_seeds_share():
    shared = np.random.default_rng(0).normal(scale=50, size=6)
    interval = paired_difference(shared + np.array([1.1, 1.0, 0.9, 1.0, 1.1, 0.9]), shared)
    assert 0.9 < interval.low < interval.high < 1.1


@pytest.mark.parametrize(("a", "b", "p"), [([2, 2], [1, 1], 0.0), ([1, 1], [2, 2], 0.0), ([1, 2], [1, 2], 1.0)])
def test_differences_without_spread_are_certain(a, b, p):
    assert paired_p_value(a, b) == p


@pytest.mark.parametrize("compare", [paired_difference, paired_ratio, paired_p_value])
def test_seeds_must_pair(compare):
    with pytest.raises(ValueError, match="3 seeds and the other 2"):
        compare([1, 2, 3], [1, 2])


def test_a_paired_test_needs_two_seeds():
    with pytest.raises(ValueError, match="at least two seeds"):
        paired_p_value([1], [2])


def test_paired_ratio_is_the_geometric_mean_with_an_interval_on_the_log_scale():
    a, b = np.exp(PAIRED_A), np.exp(PAIRED_B)
    interval = paired_ratio(a, b)
    assert interval.value == pytest.approx(stats.gmean(a / b))
    low, high = stats.ttest_rel(PAIRED_A, PAIRED_B).confidence_interval(0.95)
    assert ends(interval) == pytest.approx((np.exp(low), np.exp(high)))
    assert paired_ratio([6.0], [3.0]) == Interval(pytest.approx(2.0), None, None, 1)
    with pytest.raises(ValueError, match=r"positive values \(got 0\)"):
        paired_ratio([1.0, 0.0], [1.0, 1.0])


def test_holm_on_a_textbook_family():
    # 4 x .005 = .02; 3 x .01 = .03; 2 x .03 = .06; 1 x .04 = .04 is raised to .06
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([0.03]) == [0.03]
    assert holm([]) == []


def test_holm_keeps_the_familywise_error_where_single_tests_do_not():
    p_values = np.random.default_rng(0).uniform(size=(5000, 10))
    wrong = np.mean([min(holm(family)) <= 0.05 for family in p_values])
    assert 0.042 < wrong < 0.058
    assert np.mean((p_values <= 0.05).any(axis=1)) > 0.35


def test_slope_finds_the_exponent_and_its_spread():
    x_N = np.array([32, 128, 512, 2048])
    y_SN = [3.0 * x_N**-0.5, 2.0 * x_N**-0.7]
    interval = slope(x_N, y_SN)
    assert ends(interval) == pytest.approx(ends(t_interval([-0.5, -0.7])))
    noisy_N = y_SN[0] * np.exp(np.random.default_rng(0).normal(size=4))
    expected = stats.linregress(np.log(x_N), np.log(noisy_N)).slope
    assert slope(x_N, noisy_N) == Interval(pytest.approx(expected), None, None, 1)


@pytest.mark.parametrize(("x", "y"), [([1, 1], [[1, 2]]), ([1, 2, 3], [[1, 2]]), ([1], [[1]])])
def test_slope_needs_points_that_make_a_line(x, y):
    with pytest.raises(ValueError, match="two different x"):
        slope(x, y)


@pytest.mark.parametrize("n", [1, 3, 4, 10, 15])
def test_iqm_is_the_trimmed_mean(n: int):
    values = np.random.default_rng(n).normal(size=(n, 6))
    np.testing.assert_allclose(iqm(values, axis=0), stats.trim_mean(values, 0.25, axis=0))
    np.testing.assert_allclose(iqm(values, axis=1), stats.trim_mean(values, 0.25, axis=1))


def test_iqm_ignores_a_wild_run():
    assert iqm([1.0, 2.0, 3.0, 1e9]) == 2.5


def test_time_to_target_is_the_first_crossing_and_inf_for_a_miss():
    curves = [[10, 80, 70, 90], [0, 0, 0, 0], [90, 0, 0, 0], [np.nan, np.nan, 75, np.nan]]
    assert time_to_target([100, 200, 300, 400], curves, 75).tolist() == [200, np.inf, 100, 300]
    assert time_to_target([1, 2, 3], [[3.0, 1.0, 2.0], [3, 3, 3]], 1.0, lowest=True).tolist() == [2, np.inf]


COSTS_PM = [[10, 20, np.inf], [30, 10, 40], [np.inf, np.inf, np.inf], [5, 5, 5]]


def test_performance_profile_by_hand():
    # ratios: [1, 2, inf], [3, 1, 4], missed by all, [1, 1, 1]
    np.testing.assert_allclose(
        performance_profile(COSTS_PM, [1, 2, 3, 4]),
        [[0.5, 0.5, 0.75, 0.75], [0.5, 0.75, 0.75, 0.75], [0.25, 0.25, 0.25, 0.5]],
    )


def test_profile_score_is_the_area_under_the_profile():
    tau = np.linspace(1, 4, 30001)
    area = np.trapezoid(performance_profile(COSTS_PM, tau), tau, axis=1) / 3
    np.testing.assert_allclose(profile_score(COSTS_PM, tau_max=4), area, atol=1e-4)
    assert profile_score([[1.0, np.inf]]).tolist() == [1.0, 0.0]
