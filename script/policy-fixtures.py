"""Makes the fixtures of Fixtures/policies/trainers: small models of many trainers with their answers.

    python3 script/policy-fixtures.py Fixtures/policies/trainers

Needs torch, stable-baselines3 and sb3-contrib. Nothing is trained for long: the models exist to be
read, and their parameters are spread with a seeded generator, so that decisions vary.
"""

import json
import pathlib
import sys

import gymnasium
import numpy as np
import sb3_contrib
import stable_baselines3
import torch
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize
from torch import nn

OUT = pathlib.Path(sys.argv[1])
WIDTH = 5
COUNT = 200
LOW, HIGH = -0.5, 1.0
torch.manual_seed(1)
torch.set_num_threads(1)


class Market(gymnasium.Env):
    """Random observations and rewards; `action` is discrete, a box or two choices."""

    def __init__(self, action, parts=False):
        one = gymnasium.spaces.Box(-np.inf, np.inf, (WIDTH,), np.float32)
        two = gymnasium.spaces.Box(-np.inf, np.inf, (2,), np.float32)
        self.observation_space = (
            gymnasium.spaces.Dict({"market": one, "account": two}) if parts else one
        )
        self.action_space = {
            "discrete": gymnasium.spaces.Discrete(3),
            "box": gymnasium.spaces.Box(LOW, HIGH, (1,), np.float32),
            "unit": gymnasium.spaces.Box(-1, 1, (1,), np.float32),
        }[action]
        self.parts = parts
        self.random = np.random.default_rng(3)

    def observe(self):
        one = self.random.normal(0.1, 1.5, WIDTH).astype(np.float32)
        if not self.parts:
            return one
        return {"market": one, "account": self.random.normal(0, 1, 2).astype(np.float32)}

    def action_masks(self):
        return np.array([True, True, True])

    def reset(self, *, seed=None, options=None):
        return self.observe(), {}

    def step(self, action):
        return self.observe(), float(self.random.normal()), bool(self.random.random() < 0.05), False, {}


class Extractor(BaseFeaturesExtractor):
    def __init__(self, space):
        super().__init__(space, features_dim=7)
        self.layers = nn.Sequential(nn.Linear(WIDTH, 7), nn.ReLU())

    def forward(self, observation):
        return self.layers(observation)


def spread(module, scale=0.4):
    """Gives every floating point parameter a seeded value of a useful size."""
    random = torch.Generator().manual_seed(11)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=random) * scale)


def observations(count=COUNT, width=WIDTH):
    random = np.random.default_rng(5)
    # Multiples of 1/64, whose decimal forms are short.
    rows = np.round(random.normal(0.1, 1.5, (count, width)) * 64) / 64
    return rows.astype(np.float32)


def numbers(array):
    array = np.asarray(array)
    # The shortest decimal form that gives the same 32 bits.
    return [[float(str(v)) for v in np.ravel(row)] for row in array]


def answer(name, **parts):
    (OUT / f"{name}.json").write_text(json.dumps(parts) + "\n")


def head(model, x):
    """The numbers before the rule of the action, in the library's precision."""
    policy = model.policy
    policy.set_training_mode(False)
    with torch.no_grad():
        if hasattr(policy, "q_net"):
            return policy.q_net(x)
        if hasattr(policy, "quantile_net"):
            return policy.quantile_net(x).mean(dim=1)
        if hasattr(policy, "actor") and policy.actor is not None:
            return policy.actor(x, deterministic=True) if isinstance(
                model, (stable_baselines3.SAC, sb3_contrib.TQC, sb3_contrib.CrossQ)
            ) else policy.actor(x)
        if isinstance(model, sb3_contrib.ARS):
            return policy.action_net(policy.extract_features(x, policy.features_extractor))
        features = policy.extract_features(x, policy.pi_features_extractor)
        return policy.action_net(policy.mlp_extractor.forward_actor(features))


def save(name, algorithm, action, kind="MlpPolicy", steps=0, parts=False, normalise=None, **more):
    env = DummyVecEnv([lambda: Market(action, parts)])
    if normalise is not None:
        env = VecNormalize(env, **normalise)
    if "policy_kwargs" in more:
        # The library adds to the dictionary that it is given.
        more["policy_kwargs"] = dict(more["policy_kwargs"])
    model = algorithm(kind, env, seed=7, device="cpu", **more)
    if steps:
        model.learn(steps)
    spread(model.policy)
    if isinstance(model, sb3_contrib.CrossQ):
        # Statistics that the batch renormalisation has to apply.
        random = torch.Generator().manual_seed(13)
        for module in model.policy.modules():
            if hasattr(module, "ra_mean"):
                shape = module.ra_mean.shape
                module.ra_mean.copy_(torch.randn(shape, generator=random) * 0.3)
                module.ra_var.copy_(torch.rand(shape, generator=random) + 0.5)
    if normalise is not None:
        env.save(str(OUT / f"{name}_vecnormalize.pkl"))
    model.save(OUT / f"{name}.zip")
    return model


def record(name, model, rows=None, **more):
    rows = observations() if rows is None else rows
    actions, _ = model.predict(rows, deterministic=True)
    heads = head(model, torch.as_tensor(rows)).numpy()
    answer(
        name, library=f"stable-baselines3 {stable_baselines3.__version__}", obs=numbers(rows),
        outputs=numbers(heads), action=numbers(np.reshape(actions, (len(rows), -1))), **more)


def plain_torch():
    """A shared trunk before actor and critic, as in many repositories."""
    model = nn.ModuleDict({
        "shared": nn.Sequential(nn.Linear(WIDTH, 6), nn.Tanh()),
        "actor": nn.Sequential(nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 3)),
        "critic": nn.Sequential(nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 1)),
    })
    # The trunk is as wide as the observation, so that leaving it out would not be noticed.
    model["shared"] = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.Tanh())
    model["actor"][0] = nn.Linear(WIDTH, 6)
    model["critic"][0] = nn.Linear(WIDTH, 6)
    spread(model)
    torch.save(model.state_dict(), OUT / "torch_shared.pt")
    rows = observations()
    with torch.no_grad():
        logits = model["actor"](model["shared"](torch.as_tensor(rows)))
    answer(
        "torch_shared", library=f"torch {torch.__version__}", obs=numbers(rows),
        outputs=numbers(logits), action=numbers(logits.argmax(dim=1, keepdim=True)))
    # The same weights beside plain values and numbers of NumPy.
    torch.save(
        {
            "model": model.state_dict(), "step": np.int64(7), "loss": np.float64(0.25),
            "done": np.bool_(True), "best": np.float32(1.5), "names": ["a", "b"],
            "settings": {"lr": 3e-4, "betas": (0.9, 0.999), "tags": {"x", "y"}, "note": None},
            "curve": np.arange(4.0), "shape": torch.Size([2, 3]), "big": 2**70,
        },
        OUT / "torch_containers.pt")


def clean_rl():
    """The networks of CleanRL's scripts, with the names that they have there."""

    class Actor(nn.Module):
        def __init__(self, mean):
            super().__init__()
            self.fc1 = nn.Linear(WIDTH, 6)
            self.fc2 = nn.Linear(6, 6)
            setattr(self, mean, nn.Linear(6, 1))
            if mean == "fc_mean":
                self.fc_logstd = nn.Linear(6, 1)
            self.mean = mean
            self.register_buffer("action_scale", torch.tensor([(HIGH - LOW) / 2]))
            self.register_buffer("action_bias", torch.tensor([(HIGH + LOW) / 2]))

        def forward(self, x):
            x = torch.relu(self.fc2(torch.relu(self.fc1(x))))
            return getattr(self, self.mean)(x)

    class QNetwork(nn.Module):
        def __init__(self):
            super().__init__()
            self.network = nn.Sequential(
                nn.Linear(WIDTH, 6), nn.ReLU(), nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 3))

        def forward(self, x):
            return self.network(x)

    rows = observations()
    for name, model in [
        ("cleanrl_sac", Actor("fc_mean")), ("cleanrl_td3", Actor("fc_mu")),
        ("cleanrl_dqn", QNetwork()),
    ]:
        spread(model)
        torch.save(model.state_dict(), OUT / f"{name}.pt")
        with torch.no_grad():
            heads = model(torch.as_tensor(rows))
            actions = (
                heads.argmax(dim=1, keepdim=True) if name == "cleanrl_dqn"
                else torch.tanh(heads) * model.action_scale + model.action_bias
            )
        answer(
            name, library=f"torch {torch.__version__}, layout of CleanRL", obs=numbers(rows),
            outputs=numbers(heads), action=numbers(actions))


def rllib():
    """Modules of RLlib; their actions as its connectors compute them without exploration."""
    import pickle

    import ray
    from ray.rllib.algorithms.appo.torch.appo_torch_rl_module import APPOTorchRLModule
    from ray.rllib.algorithms.ppo.ppo_catalog import PPOCatalog
    from ray.rllib.algorithms.ppo.torch.ppo_torch_rl_module import PPOTorchRLModule
    from ray.rllib.algorithms.sac.sac_catalog import SACCatalog
    from ray.rllib.algorithms.sac.torch.default_sac_torch_rl_module import (
        DefaultSACTorchRLModule,
    )
    from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig
    from ray.rllib.utils.spaces.space_utils import unsquash_action

    observed = gymnasium.spaces.Box(-np.inf, np.inf, (WIDTH,), np.float32)
    box = gymnasium.spaces.Box(
        np.array([LOW, -2], np.float32), np.array([HIGH, 3], np.float32), dtype=np.float32)
    discrete = gymnasium.spaces.Discrete(3)
    rows = observations()
    for name, kind, catalog, space, more in [
        ("rllib_ppo_box", PPOTorchRLModule, PPOCatalog, box, {}),
        ("rllib_ppo_free", PPOTorchRLModule, PPOCatalog, box, {"free_log_std": True}),
        ("rllib_ppo_separate", PPOTorchRLModule, PPOCatalog, box, {"vf_share_layers": False}),
        ("rllib_appo", APPOTorchRLModule, PPOCatalog, discrete, {}),
        ("rllib_sac", DefaultSACTorchRLModule, SACCatalog, box, {}),
        ("rllib_lstm", PPOTorchRLModule, PPOCatalog, discrete,
         {"use_lstm": True, "lstm_cell_size": 4, "max_seq_len": COUNT}),
    ]:
        settings = dict(DefaultModelConfig(fcnet_hiddens=[6, 6], **more).__dict__)
        if kind is DefaultSACTorchRLModule:
            settings["twin_q"] = True
        module = kind(
            observation_space=observed, action_space=space, inference_only=False,
            model_config=settings, catalog_class=catalog)
        # Wide enough that some actions of a box leave its bounds.
        spread(module, 0.8)
        (OUT / f"{name}.pkl").write_bytes(pickle.dumps(module.get_state(), protocol=5))
        batch = {"obs": torch.as_tensor(rows)}
        if more.get("use_lstm"):
            batch = {
                "obs": torch.as_tensor(rows)[None],
                "state_in": {key: torch.zeros(1, 1, 4) for key in module.get_initial_state()},
            }
        with torch.no_grad():
            heads = module.forward_inference(batch)["action_dist_inputs"]
        heads = heads.reshape(COUNT, -1)
        kind = module.get_inference_action_dist_cls()
        chosen = kind.from_logits(heads).to_deterministic().sample().numpy()
        actions = [unsquash_action(one, space) for one in chosen]
        if more.get("free_log_std"):
            # The deviations are stored beside the head.
            heads = heads[:, :2]
        answer(
            name, library=f"Ray {ray.__version__}", obs=numbers(rows), outputs=numbers(heads),
            action=numbers(np.reshape(actions, (COUNT, -1))))


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    plain_torch()
    small = {"net_arch": [6, 6]}
    sb3, contrib = stable_baselines3, sb3_contrib
    custom = {"features_extractor_class": Extractor}
    on_policy = {"n_steps": 16, "batch_size": 16}
    model = save("dqn_extractor", sb3.DQN, "discrete", policy_kwargs={**small, **custom})
    torch.save(model.policy.state_dict(), OUT / "dqn_extractor.pt")
    record("dqn_extractor", model)
    model = save("sac_extractor", sb3.SAC, "box", policy_kwargs={**small, **custom})
    torch.save(model.policy.state_dict(), OUT / "sac_extractor.pt")
    record("sac_extractor", model)
    for activation in [nn.Tanh, nn.ELU, nn.SiLU, nn.GELU]:
        name = f"ppo_{activation.__name__.lower()}"
        model = save(
            name, sb3.PPO, "discrete", policy_kwargs={**small, "activation_fn": activation},
            **on_policy)
        record(name, model)
    model = save(
        "ppo_deep", sb3.PPO, "discrete", policy_kwargs={"net_arch": [6, 6, 6]}, **on_policy)
    record("ppo_deep", model)
    record("ppo_box", save("ppo_box", sb3.PPO, "unit", policy_kwargs=small, **on_policy))
    record("sac_box", save("sac_box", sb3.SAC, "unit", policy_kwargs=small))
    model = save(
        "ppo_rewards_only", sb3.PPO, "discrete", steps=16, policy_kwargs=small,
        max_grad_norm=float("inf"), normalise={"norm_obs": False}, **on_policy)
    record("ppo_rewards_only", model)
    record("maskable", save(
        "maskable", contrib.MaskablePPO, "discrete", policy_kwargs=small, **on_policy))
    record("qrdqn", save(
        "qrdqn", contrib.QRDQN, "discrete", policy_kwargs={**small, "n_quantiles": 4}))
    record("tqc", save("tqc", contrib.TQC, "box", policy_kwargs={**small, "n_quantiles": 4}))
    record("crossq", save("crossq", contrib.CrossQ, "box", policy_kwargs={
        "net_arch": {"pi": [6, 6], "qf": [6, 6]}}))
    record("ars_linear", save("ars_linear", contrib.ARS, "box", kind="LinearPolicy"))
    record("ars_mlp", save("ars_mlp", contrib.ARS, "discrete", policy_kwargs={"net_arch": [6]}))
    record("ars_box", save("ars_box", contrib.ARS, "box", policy_kwargs={"net_arch": [6]}))
    dictionary(small, on_policy)
    clean_rl()
    try:
        import ray  # noqa: F401
    except ImportError:
        print("ray is not installed: the fixtures of RLlib stay as they are")
    else:
        rllib()


def dictionary(small, on_policy):
    model = save(
        "ppo_dict", stable_baselines3.PPO, "discrete", kind="MultiInputPolicy", steps=64,
        parts=True, normalise={"norm_obs": True}, policy_kwargs=small, **on_policy)
    random = np.random.default_rng(17)
    raw = {
        "market": random.normal(0.1, 1.5, (COUNT, WIDTH)).astype(np.float32),
        "account": random.normal(0, 1, (COUNT, 2)).astype(np.float32),
    }
    seen = model.get_env().normalize_obs({key: value.copy() for key, value in raw.items()})
    actions, _ = model.predict(seen, deterministic=True)
    heads = head(model, {key: torch.as_tensor(value) for key, value in seen.items()}).numpy()
    answer(
        "ppo_dict", library=f"stable-baselines3 {stable_baselines3.__version__}",
        obs={key: numbers(value) for key, value in raw.items()}, outputs=numbers(heads),
        action=numbers(actions.reshape(-1, 1)))


if __name__ == "__main__":
    main()
