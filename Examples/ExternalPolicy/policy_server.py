"""Lets a Stable-Baselines3 model decide for BacktestKit, one JSON line an observation."""

import argparse
import json
import pickle
import sys

import numpy
import sb3_contrib
import stable_baselines3
import torch

PROTOCOL = "backtestkit.policy-process/1"


def load_model(algorithm, path):
    """The model of a zip, which does not say itself what algorithm trained it."""
    library = stable_baselines3 if hasattr(stable_baselines3, algorithm) else sb3_contrib
    return getattr(library, algorithm).load(path, device="cpu")


def complaint(greeting, model):
    """Why this model cannot do what is asked, or None."""
    if greeting.get("protocol") != PROTOCOL:
        return f"this program speaks {PROTOCOL}"
    wanted, shape = tuple(greeting["observation"]["shape"]), model.observation_space.shape
    if wanted != shape:
        return f"the model observes {shape}, not {wanted}"
    action, space = greeting["action"], model.action_space
    size = int(space.n) if hasattr(space, "n") else int(numpy.prod(space.shape))
    if action.get("size") != size:
        return f"the model has {size} actions or components, not {action.get('size')}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("algorithm", help="PPO, A2C, SAC, TD3, DQN, RecurrentPPO, ...")
    parser.add_argument("model", help="what model.save() wrote")
    parser.add_argument("--vecnormalize", help="what VecNormalize.save() wrote")
    arguments = parser.parse_args()

    # What libraries print must not get between the answers.
    answers, sys.stdout = sys.stdout, sys.stderr

    def answer(**fields):
        print(json.dumps(fields), file=answers, flush=True)

    torch.set_num_threads(1)
    # Both files can execute code when they are loaded: use only files that you trust.
    model = load_model(arguments.algorithm, arguments.model)
    normalizer = None
    if arguments.vecnormalize:
        with open(arguments.vecnormalize, "rb") as file:
            normalizer = pickle.load(file)

    problem = complaint(json.loads(sys.stdin.readline()), model)
    if problem:
        answer(refuse=problem)
        return
    answer(ready=True, name=arguments.model)

    state = None
    for line in sys.stdin:
        request = json.loads(line)
        observation = numpy.array(request["observation"], dtype=numpy.float32)
        observation = observation.reshape(model.observation_space.shape)
        if normalizer:
            observation = normalizer.normalize_obs(observation)
        # Recurrent policies set their state back where an episode starts; the others ignore it.
        start = numpy.array([request["episode_start"]])
        action, state = model.predict(observation, state, start, deterministic=True)
        answer(id=request["id"], action=numpy.asarray(action).ravel().tolist())


if __name__ == "__main__":
    main()
