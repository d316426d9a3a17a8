#!/usr/bin/env python3
"""Trains a policy with Stable-Baselines3 on the engine, and has it verified.

    pip install ./python stable-baselines3 sb3-contrib
    python3 Examples/training/train_sb3.py ppo          # or a2c, sac, td3, recurrent-ppo

A2C is the synchronous form of A3C. SAC and TD3 give the weight itself, the others choose flat, long or
short. The policy is written to policies/NAME beside this file; `study.yaml` runs it on all years, those
after 2012 being new to it. The small default sizes show the way and find no edge.
"""

from __future__ import annotations

import sys

import recipes

ALGORITHMS = {
    "ppo": ("PPO", "discrete.json", 40_960,
            dict(n_steps=256, batch_size=256, ent_coef=0.01, learning_rate=3e-4)),
    "a2c": ("A2C", "discrete.json", 40_000, dict(n_steps=16, ent_coef=0.01)),
    "sac": ("SAC", "continuous.json", 6_000,
            dict(learning_starts=500, batch_size=128, train_freq=4, gradient_steps=4)),
    "td3": ("TD3", "continuous.json", 6_000,
            dict(learning_starts=500, batch_size=128, train_freq=4, gradient_steps=4)),
    "recurrent-ppo": ("RecurrentPPO", "discrete.json", 4_096, dict(n_steps=128, batch_size=256)),
}


def train(name: str, options, manifest):
    import sb3_contrib
    import stable_baselines3

    import backtestkit

    class_name, _, _, settings = ALGORITHMS[name]
    recipes.deterministic(options.seed)
    env = backtestkit.TradingVecEnv(
        options.study, manifest, n_envs=8, seed=options.seed,
        episodes={"kind": "window", "length": 250}, overrides=recipes.overrides(options))
    recurrent = name == "recurrent-ppo"
    library = sb3_contrib if recurrent else stable_baselines3
    model = getattr(library, class_name)(
        "MlpLstmPolicy" if recurrent else "MlpPolicy", env, seed=options.seed, device="cpu",
        policy_kwargs=dict(net_arch=[32, 32], **(dict(lstm_hidden_size=24) if recurrent else {})),
        **settings)
    model.learn(options.steps)
    env.close()
    return model


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in ALGORITHMS:
        sys.exit(f"usage: train_sb3.py {'|'.join(ALGORITHMS)} [options]; --help shows them")
    name = sys.argv.pop(1)
    parser = recipes.arguments(f"Trains {ALGORITHMS[name][0]}.", name, ALGORITHMS[name][2])
    options = parser.parse_args()
    manifest = recipes.HERE / ALGORITHMS[name][1]
    model = train(name, options, manifest)
    if options.checkpoint:
        model.save(options.checkpoint)
        return
    import backtestkit

    env = backtestkit.TradingEnv(options.study, manifest, overrides=recipes.overrides(options))
    rows = recipes.observations(env)
    recipes.write_policy(model, rows, manifest, options.out, options.end, name=name)


if __name__ == "__main__":
    main()
