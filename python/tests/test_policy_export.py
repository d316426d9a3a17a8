"""What the exporter writes is what the model does, or the export says why it cannot be."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))
torch = pytest.importorskip("torch")
import backtestkit_policy  # noqa: E402
from torch import nn  # noqa: E402

DISCRETE = {"kind": "discrete", "size": 3, "meaning": "target_weights", "targets": [0, 1, -1]}


def features(count: int) -> list[dict]:
    return [{"name": "log_return", "lag": lag} for lag in range(count)]


def exported(model, observations, folder, **arguments) -> dict:
    backtestkit_policy.export(model, observations, folder, **arguments)
    return json.loads((folder / "answers.json").read_text())


def imported(folder: pathlib.Path, checkpoint: str) -> str:
    """Imports what was exported with `bt-run`, which reproduces the golden decisions."""
    from conftest import bt_run

    try:
        program = bt_run()
    except pytest.fail.Exception:
        pytest.skip("bt-run is not built")
    run = subprocess.run(
        [program, "policy", "import", folder / checkpoint, "--with", folder / "answers.json",
         "--out", folder / "policy"], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    run = subprocess.run(
        [program, "policy", "verify", folder / "policy"], capture_output=True, text=True,
        check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


def rows(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).normal(size=shape)


# PyTorch


class Agent(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(6, 8), nn.Linear(8, 3)

    def forward(self, x):
        return self.last(torch.tanh(self.first(x)))


class Headless(nn.Module):
    """An agent without a forward, as CleanRL's are."""

    def __init__(self):
        super().__init__()
        self.actor = nn.Sequential(nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 3))


def test_given_layers_must_be_the_models(tmp_path):
    agent = Agent()
    right = [agent.first, nn.Tanh(), agent.last]
    answers = exported(agent, rows(12, 6), tmp_path, network=right, action=DISCRETE)
    weights = {name: value.numpy() for name, value in agent.state_dict().items()}
    x = np.array(answers["golden"][5]["observation"])
    hidden = np.tanh(weights["first.weight"] @ x + weights["first.bias"])
    expected = weights["last.weight"] @ hidden + weights["last.bias"]
    assert np.allclose(answers["golden"][5]["outputs"], expected, atol=1e-6)
    wrong = [agent.first, nn.ReLU(), agent.last]
    with pytest.raises(ValueError, match="are not those of the model: for observation 0 output"):
        backtestkit_policy.export(agent, rows(12, 6), tmp_path, network=wrong, action=DISCRETE)
    with pytest.raises(ValueError, match="give 8 outputs, the model 3"):
        backtestkit_policy.export(
            agent, rows(12, 6), tmp_path, network=right[:2], action=DISCRETE)


def test_model_without_forward_needs_one(tmp_path):
    agent = Headless()
    with pytest.raises(ValueError, match="no forward: give 'forward'"):
        backtestkit_policy.export(
            agent, rows(9, 6), tmp_path, network=[agent.actor], action=DISCRETE)
    answers = exported(
        agent, rows(9, 6), tmp_path, network=[agent.actor], action=DISCRETE,
        forward=lambda x: agent.actor(x))
    assert [layer["op"] for layer in answers["network"]["policy"]] == ["linear", "tanh", "linear"]


@pytest.mark.parametrize("transform", ["clip", "tanh", "unscale_from_unit", None])
def test_box_follows_the_rule_of_its_action(tmp_path, transform):
    model = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 1))
    action = {"kind": "box", "size": 1, "low": [-0.5], "high": [2.0], "meaning": "target_weights"}
    if transform:
        action["transform"] = transform
    answers = exported(model, rows(20, 6), tmp_path, features=features(6), action=action)
    assert answers["action"]["transform"] == (transform or "clip")
    for decision in answers["golden"]:
        output, found = decision["outputs"][0], decision["action"][0]
        expected = {
            "tanh": -0.5 + 1.25 * (np.tanh(output) + 1),
            "unscale_from_unit": -0.5 + 1.25 * (output + 1),
        }.get(transform, min(max(output, -0.5), 2.0))
        assert found == pytest.approx(expected, abs=1e-6)
    imported(tmp_path, "model.pt")


LAYERS = {
    "no bias": (nn.Sequential(nn.Linear(6, 5, bias=False), nn.Tanh(), nn.Linear(5, 3)), (6,)),
    "norm without bias": (
        nn.Sequential(nn.Linear(6, 5), nn.LayerNorm(5, bias=False), nn.Linear(5, 3)), (6,)),
    "group norm": (nn.Sequential(nn.Linear(6, 4), nn.GroupNorm(2, 4), nn.Linear(4, 3)), (6,)),
    "mish": (nn.Sequential(nn.Linear(6, 5), nn.Mish(), nn.Linear(5, 3)), (6,)),
    "selu": (nn.Sequential(nn.Linear(6, 5), nn.SELU(), nn.Linear(5, 3)), (6,)),
    "softplus": (nn.Sequential(nn.Linear(6, 5), nn.Softplus(), nn.Linear(5, 3)), (6,)),
    "weight norm": (
        nn.Sequential(
            nn.utils.parametrizations.weight_norm(nn.Linear(6, 5)), nn.Tanh(), nn.Linear(5, 3)),
        (6,)),
    "dilation": (
        nn.Sequential(
            nn.Conv1d(6, 5, 2, dilation=2), nn.ReLU(), nn.Flatten(), nn.Linear(10, 3)), (6, 4)),
    "same": (
        nn.Sequential(
            nn.Conv1d(6, 5, 3, padding="same", bias=False), nn.ReLU(), nn.Flatten(),
            nn.Linear(20, 3)), (6, 4)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_say_all_that_modules_do(tmp_path, name):
    model, shape = LAYERS[name]
    window = {"observation": {"window": shape[0]}} if len(shape) == 2 else {}
    exported(
        model, rows(20, *shape), tmp_path, features=features(shape[-1]), action=DISCRETE, **window)
    imported(tmp_path, "model.pt")


@pytest.mark.parametrize(
    ("module", "problem"),
    [
        (nn.Conv1d(6, 6, 3, groups=2), "has 2 groups"),
        (nn.Conv1d(6, 6, 3, padding=1, padding_mode="circular"), "pads with 'circular'"),
        (nn.Conv1d(6, 6, 2, padding="same"), "pads one side"),
        (nn.LayerNorm(6, elementwise_affine=False), "has no weights of its own"),
        (nn.BatchNorm1d(6, affine=False), "has no weights of its own"),
        (nn.BatchNorm1d(6, track_running_stats=False), "keeps no running statistics"),
        (nn.LSTM(6, 5, batch_first=True), "keeps a state"),
        (nn.Softplus(beta=2), "are not known"),
        (nn.Flatten(0), "does not flatten the whole observation"),
        (nn.utils.parametrizations.spectral_norm(nn.Linear(6, 6)), "are not known"),
    ],
)
def test_layers_that_cannot_be_written_are_refused(tmp_path, module, problem):
    model = nn.Sequential(module)
    with pytest.raises(ValueError, match=problem):
        backtestkit_policy.export(model, rows(5, 6, 4), tmp_path, action=DISCRETE)
    assert not list(tmp_path.iterdir())


def test_modules_outside_the_model_are_refused(tmp_path):
    model = nn.Sequential(nn.Linear(6, 3))
    with pytest.raises(ValueError, match="is not a part of the model"):
        backtestkit_policy.layers(model, [nn.Linear(6, 3)])


@pytest.mark.parametrize(
    ("observations", "problem"),
    [
        (np.zeros((0, 6)), "there are no observations"),
        (np.array([[0.0] * 6, [np.nan] * 6]), "observation 1 holds a number that is not finite"),
    ],
)
def test_unusable_observations_are_refused(tmp_path, observations, problem):
    with pytest.raises(ValueError, match=problem):
        backtestkit_policy.export(Agent(), observations, tmp_path, action=DISCRETE)


def test_modes_of_all_parts_are_kept(tmp_path):
    model = nn.Sequential(nn.Linear(6, 8), nn.Dropout(0.5), nn.Linear(8, 3))
    model.train()
    model[1].eval()
    exported(model, rows(5, 6), tmp_path, action=DISCRETE, forward=lambda x: model(x))
    assert [part.training for part in model.modules()] == [True, True, False, True]


# Stable-Baselines3


def environment(space):
    gymnasium = pytest.importorskip("gymnasium")

    class Fixed(gymnasium.Env):
        observation_space = space
        action_space = gymnasium.spaces.Discrete(3)

        def reset(self, *, seed=None, options=None):
            super().reset(seed=seed)
            return self.observation_space.sample(), {}

        def step(self, action):
            return self.observation_space.sample(), 0.0, False, False, {}

    return Fixed


def model_of(name: str, space, **arguments):
    baselines = pytest.importorskip("stable_baselines3")
    contrib = pytest.importorskip("sb3_contrib")
    kind = getattr(baselines, name, None) or getattr(contrib, name)
    named = hasattr(space, "spaces")
    recurrent = "Lstm" if name == "RecurrentPPO" else ""
    policy = f"{'MultiInput' if named else 'Mlp'}{recurrent}Policy"
    made = kind(
        policy, environment(space)(), seed=1, device="cpu",
        **({} if name == "SAC" else {"n_steps": 16, "batch_size": 16}), **arguments)
    # The first weights of heads are so small that each decision would be the same.
    with torch.no_grad():
        made.policy.action_net.weight.mul_(100)
    return made


def box(count: int, limit: float = np.inf):
    spaces = pytest.importorskip("gymnasium").spaces
    return spaces.Box(-limit, limit, (count,), np.float32)


def normalised(model, **arguments):
    """A `VecNormalize` over a model's environment, with statistics that are not trivial."""
    from stable_baselines3.common.vec_env import VecNormalize

    found = VecNormalize(model.get_env(), training=False, **arguments)
    statistics = found.obs_rms
    for number, part in enumerate(
        statistics.values() if isinstance(statistics, dict) else [statistics]
    ):
        part.mean = np.linspace(-1, 1, len(part.mean)) + number
        part.var = np.linspace(0.5, 3, len(part.var))
    return found


@pytest.mark.parametrize("name", ["PPO", "RecurrentPPO"])
@pytest.mark.parametrize("shared", [True, False])
def test_extractors_may_be_separate(tmp_path, name, shared):
    model = model_of(name, box(5), policy_kwargs={"share_features_extractor": shared})
    answers = exported(
        model, rows(25, 5), tmp_path, features=features(5),
        action={"meaning": "target_weights", "targets": [0, 1, -1]})
    actions = [decision["action"][0] for decision in answers["golden"]]
    assert actions == [np.argmax(decision["outputs"]) for decision in answers["golden"]]
    assert len(set(actions)) > 1
    imported(tmp_path, "model.zip")


def dictionary(*names: str):
    spaces = pytest.importorskip("gymnasium").spaces
    return spaces.Dict([(name, box(2 + number)) for number, name in enumerate(names)])


@pytest.mark.parametrize("name", ["PPO", "RecurrentPPO"])
def test_parts_keep_the_order_of_their_space(tmp_path, name):
    model = model_of(name, dictionary("z", "a"))
    assert list(model.observation_space.spaces) == ["z", "a"]
    seen = {"a": rows(25, 3), "z": rows(25, 2) + 5}
    answers = exported(
        model, seen, tmp_path, vec_normalize=normalised(model, clip_obs=float("inf")),
        observation={"parts": {"a": {"features": features(3)}, "z": {"features": features(2)}}},
        action={"meaning": "target_weights", "targets": [0, 1, -1]})
    row = answers["golden"][7]["observation"]
    assert np.allclose(row, [*seen["z"][7], *seen["a"][7]])
    assert answers["observation"]["normalise"]["mean"] == [-1.0, 1.0, 0.0, 1.0, 2.0]
    imported(tmp_path, "model.zip")


def test_parts_that_were_not_normalised_stay_as_they_are(tmp_path):
    spaces = pytest.importorskip("gymnasium").spaces
    space = spaces.Dict([("z", box(2)), ("a", box(3, limit=1))])
    model = model_of("PPO", space)
    seen = {"a": rows(25, 3).clip(-1, 1), "z": rows(25, 2)}
    parts = {"a": {"features": features(3)}, "z": {"features": features(2)}}
    arguments = {
        "observation": {"parts": parts},
        "action": {"meaning": "target_weights", "targets": [0, 1, -1]},
    }
    answers = exported(
        model, seen, tmp_path, vec_normalize=normalised(model, norm_obs_keys=["z"]), **arguments)
    assert answers["observation"]["normalise"]["mean"] == [-1.0, 1.0, 0.0, 0.0, 0.0]
    imported(tmp_path, "model.zip")
    with pytest.raises(ValueError, match="the part 'z' was not normalised"):
        backtestkit_policy.export(
            model, seen, tmp_path, vec_normalize=normalised(model, norm_obs_keys=["a"]),
            **arguments)


def test_given_layers_are_compared_with_the_archive(tmp_path):
    model = model_of("PPO", box(5))
    policy = model.policy
    network = [policy.mlp_extractor.policy_net, policy.action_net]
    answers = exported(model, rows(9, 5), tmp_path, network=network)
    assert answers["network"]["policy"][-1] == {"op": "linear", "params": "action_net"}
    with pytest.raises(ValueError, match="are not those of the model"):
        backtestkit_policy.export(
            model, rows(9, 5), tmp_path, network=[*network, nn.Tanh()])


def test_policy_keeps_its_mode(tmp_path):
    model = model_of("PPO", box(5))
    for training in (True, False):
        model.policy.set_training_mode(training)
        exported(model, rows(4, 5), tmp_path)
        assert model.policy.training == training


# RLlib


def rllib_module(action_space, **model):
    catalog = pytest.importorskip("ray.rllib.algorithms.ppo.ppo_catalog", exc_type=ImportError)
    from ray.rllib.algorithms.ppo.torch.default_ppo_torch_rl_module import (
        DefaultPPOTorchRLModule,
    )
    from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig

    torch.manual_seed(5)
    return DefaultPPOTorchRLModule(
        observation_space=box(5), action_space=action_space, inference_only=False,
        model_config=vars(DefaultModelConfig(fcnet_hiddens=[16], **model)),
        catalog_class=catalog.PPOCatalog)


def test_a_module_of_rllib_says_its_action_space(tmp_path):
    spaces = pytest.importorskip("gymnasium").spaces
    meaning = {"meaning": "target_weights"}
    module = rllib_module(spaces.Box(-0.5, 1, (1,), np.float32))
    answers = exported(
        module, rows(12, 5), tmp_path / "box", features=features(5), action=meaning)
    assert answers["action"] == {
        "kind": "box", "size": 1, "low": [-0.5], "high": [1.0], "transform": "unsquash", **meaning}
    imported(tmp_path / "box", "module_state.pkl")

    with pytest.raises(ValueError, match=r"has \[-1\] as 'low', but the action space .* \[-0.5\]"):
        exported(module, rows(12, 5), tmp_path / "wrong", action={"low": [-1], **meaning})

    answers = exported(
        rllib_module(spaces.Discrete(3)), rows(12, 5), tmp_path / "discrete",
        features=features(5), action={"targets": [0, 1, -1], **meaning})
    assert (answers["action"]["kind"], answers["action"]["size"]) == ("discrete", 3)
    imported(tmp_path / "discrete", "module_state.pkl")


@pytest.mark.parametrize("shared", [True, False])
def test_memories_of_actor_and_critic_may_be_one_or_two(tmp_path, shared):
    spaces = pytest.importorskip("gymnasium").spaces
    module = rllib_module(
        spaces.Discrete(3), use_lstm=True, lstm_cell_size=8, max_seq_len=20,
        vf_share_layers=shared)
    exported(
        module, rows(12, 5), tmp_path, features=features(5),
        action={"meaning": "target_weights", "targets": [0, 1, -1]})
    imported(tmp_path, "module_state.pkl")
