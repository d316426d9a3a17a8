#!/usr/bin/env python3
"""Trains a policy with Ray RLlib on the engine, and has it verified.

    pip install './python[ray]' torch
    python3 Examples/training/train_rllib.py ppo        # or sac

PPO chooses flat, long or short; SAC gives the weight itself. The environments run in this process: RLlib
steps them one by one, which takes longer than Stable-Baselines3 over a vector of them. The policy is
written to policies/rllib-NAME beside this file. The small default sizes show the way and find no edge.
"""

from __future__ import annotations

import os
import pathlib
import pickle
import sys

import numpy as np
import recipes

ALGORITHMS = {"ppo": ("PPO", "discrete.json", 8_192), "sac": ("SAC", "continuous.json", 2_048)}
EPISODE = {"kind": "window", "length": 250}


def configuration(name: str, options, manifest: pathlib.Path):
    """The settings of a training, all of it in this process and from one seed."""
    from ray.rllib.algorithms.ppo import PPOConfig
    from ray.rllib.algorithms.sac import SACConfig
    from ray.tune.registry import register_env

    import backtestkit

    def environment(_):
        return backtestkit.TradingEnv(
            options.study, manifest, episodes=EPISODE, overrides=recipes.overrides(options))

    if name == "ppo":
        config = PPOConfig().training(
            train_batch_size=2_048, minibatch_size=256, num_epochs=5, lr=3e-4, entropy_coeff=0.01)
        model = {"fcnet_hiddens": [32, 32], "fcnet_activation": "tanh"}
    else:
        config = SACConfig().training(
            train_batch_size=128, num_steps_sampled_before_learning_starts=512,
            replay_buffer_config={"type": "EpisodeReplayBuffer", "capacity": 20_000})
        model = {"fcnet_hiddens": [32, 32], "fcnet_activation": "relu"}
    register_env("backtestkit", environment)
    config.environment("backtestkit").debugging(seed=options.seed, log_level="ERROR")
    config.rl_module(model_config=model)
    return config.env_runners(num_env_runners=0, num_envs_per_env_runner=4)


def train(name: str, options, manifest: pathlib.Path):
    os.environ.setdefault("RAY_worker_niceness", "0")
    import ray

    recipes.deterministic(options.seed)
    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="error")
    algorithm = configuration(name, options, manifest).build_algo()
    taken = 0
    while taken < options.steps:
        taken = int(algorithm.train()["num_env_steps_sampled_lifetime"])
    module = algorithm.get_module()
    algorithm.stop()
    ray.shutdown()
    return module


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in ALGORITHMS:
        sys.exit(f"usage: train_rllib.py {'|'.join(ALGORITHMS)} [options]; --help shows them")
    name = sys.argv.pop(1)
    parser = recipes.arguments(
        f"Trains {ALGORITHMS[name][0]} of RLlib.", f"rllib-{name}", ALGORITHMS[name][2])
    options = parser.parse_args()
    manifest = recipes.HERE / ALGORITHMS[name][1]
    module = train(name, options, manifest)
    if options.checkpoint:
        options.checkpoint.write_bytes(pickle.dumps(module.get_state(), protocol=5))
        return
    import backtestkit

    env = backtestkit.TradingEnv(options.study, manifest, overrides=recipes.overrides(options))
    rows = recipes.observations(env).astype(np.float32)
    box = {"kind": "box", "size": 1, "low": [-1.0], "high": [1.0]} if name == "sac" else {}
    recipes.write_policy(
        module, rows, manifest, options.out, options.end, name=f"rllib-{name}",
        action=box or {"kind": "discrete", "size": 3})


if __name__ == "__main__":
    main()
