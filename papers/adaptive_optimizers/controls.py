"""What a learned method has to beat: the best cheap classical method on the same examples."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from papers.adaptive_optimizers.lecture.experiment import untrained
from papers.adaptive_optimizers.lecture.peaks import draw
from papers.adaptive_optimizers.settings import Controls, Lecture, Params, Workload
from papers.adaptive_optimizers.tasks import TASKS, Part, WorkloadData, build_network, evaluate, read_data


def workload_control(workload: Workload, settings: Controls, split_seed: int) -> float:
    """Quality of the classical method on a workload's test part.

    Classification: a support-vector machine (radial kernel, scikit-learn's defaults) on principal components,
    in per cent. Autoencoder: PCA with as many components as the code has
    numbers, the best linear code there is, in dB.
    """
    data = read_data(workload, split_seed)
    if workload.task == "classification":
        return _svm_accuracy(data, settings)
    (code,) = workload.hidden
    return _pca_psnr(data, code)


def untrained_quality(params: Params, name: str) -> list[float]:
    """Test quality of a workload's untrained networks, one number per seed: what learning starts from."""
    workload = params.workloads[name]
    task, data = TASKS[workload.task], read_data(workload, params.split_seed)
    return [evaluate(task, build_network(workload, data, seed), data.test)[1] for seed in params.seeds]


def lecture_control(settings: Lecture, seeds: int) -> list[float]:
    """Test accuracy in per cent of the nearest neighbour, for each of the lecture's datasets."""
    sizes = (settings.train_points, settings.valid_points, settings.test_points)
    train, _, test = draw(range(seeds), sizes, settings.classes)
    return [100 * KNeighborsClassifier(1).fit(train.x[r], train.y[r]).score(test.x[r], test.y[r]) for r in range(seeds)]


def all_controls(params: Params) -> dict[str, object]:
    """The control of every workload of this scale, and of the lecture at its largest number of seeds."""
    classical = {
        name: workload_control(params.workloads[name], params.controls, params.split_seed) for name in params.run
    }
    most = max(params.lecture.seeds[width] for width in params.lecture.widths)
    return {
        "classical": classical,
        "untrained": {name: untrained_quality(params, name) for name in params.run},
        "lecture": {
            "classical": lecture_control(params.lecture, most),
            "untrained": {width: untrained(params.lecture, width) for width in params.lecture.widths},
        },
    }


MOST_EXACT = 2048
"""Pixels up to which PCA solves the whole eigenproblem; its time grows with their cube."""


def _pca(components: int, pixels: int) -> PCA:
    solver = "covariance_eigh" if pixels <= MOST_EXACT else "randomized"
    return PCA(components, svd_solver=solver, random_state=0)


def _flat(part: Part) -> np.ndarray:
    return part.x.flatten(1).numpy()


def _svm_accuracy(data: WorkloadData, settings: Controls) -> float:
    x, y = _flat(data.train)[: settings.most_examples], data.train.y.numpy()[: settings.most_examples]
    components = min(settings.components, x.shape[1])
    model = make_pipeline(_pca(components, x.shape[1]), SVC())
    return 100 * float(model.fit(x, y).score(_flat(data.test), data.test.y.numpy()))


def _pca_psnr(data: WorkloadData, code: int) -> float:
    x = _flat(data.test)
    model = _pca(code, x.shape[1]).fit(_flat(data.train))
    error = np.square(model.inverse_transform(model.transform(x)).clip(0, 1) - x).mean()
    return float(-10 * np.log10(error))
