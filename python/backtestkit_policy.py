"""Writes everything that BacktestKit needs to run a trained policy, from the live model.

    import backtestkit_policy

    backtestkit_policy.export(model, observations, "export", vec_normalize=env)

One call writes into the folder:

- the checkpoint: `model.zip` (Stable-Baselines3, sb3-contrib), `module_state.pkl` (RLlib) or
  `model.pt` (PyTorch);
- `answers.json`: what the checkpoint does not record, with the normaliser and golden decisions:
  observations before normalisation, and the action and the outputs that the trainer's own code
  computes for them. BacktestKit checks them whenever it loads the policy.

Then `policy import export/model.zip --with export/answers.json --out policies/mine`, once the
features and the meaning of actions are in the answers: give them as `features` and `action`, or
write them into the file.

The file needs nothing but the trainer. Copy it where the training runs.
"""

import copy
import json
import pathlib
import pickle


def export(
    model, observations, folder, *, vec_normalize=None, features=None, action=None, network=None,
    dates=None, transform=None, predicts=None, **answers,
):
    """Writes the checkpoint and the answers of a trained policy.

    model: a model of Stable-Baselines3 or sb3-contrib, a module of RLlib's new API stack, or a
        `torch.nn.Module`.
    observations: some dozen observations as the environment returned them, before any
        normalisation; in the order of time for a recurrent policy, which starts at the first.
        A dictionary of arrays for a Dict space.
    vec_normalize: the `VecNormalize` of the training, or none.
    features: the features of an observation as a manifest lists them.
    action: the meaning of actions as a manifest writes it, such as
        `{"meaning": "target_weights", "targets": [0, 1, -1]}`; for RLlib and PyTorch also `kind`,
        `size`, `low` and `high`.
    network: for PyTorch the modules from the observation to the output, in order.
    dates: for each observation the day of the bar at whose close it was made (`2013-01-02`).
        Runs over these bars check that the features have these values.
    transform: for PyTorch a function from the outputs to the action, instead of argmax or a clip.
    predicts: for a PyTorch predictor its `output` as a manifest writes it.
    answers: other keys of a manifest, such as `algorithm="REINFORCE"` or
        `trained={"data_end": "2012-12-31"}`.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    result = dict(answers)
    observation = dict(result.pop("observation", {}))
    if features is not None:
        observation["features"] = features
    if hasattr(model, "policy") and hasattr(model, "get_parameters"):
        decisions = _stable_baselines(model, observations, vec_normalize)
        model.save(folder / "model.zip")
        observation["normalise"] = _normaliser(vec_normalize)
        action = dict(action or {})
    elif hasattr(model, "get_inference_action_dist_cls"):
        decisions = _rllib(model, observations, action or {})
        (folder / "module_state.pkl").write_bytes(pickle.dumps(model.get_state(), protocol=5))
        observation.setdefault("normalise", {"kind": "none"})
        activation = _activation(model)
        if activation:
            result["activation"] = activation
    else:
        decisions = _torch(model, observations, action, network, transform, predicts)
        import torch

        torch.save(model.state_dict(), folder / "model.pt")
        observation.setdefault("normalise", {"kind": "none"})
        observation["shape"] = list(_array(observations).shape[1:])
        result.setdefault("algorithm", "PyTorch")
        head = "policy" if predicts is None else "predict"
        result["network"] = {head: layers(model, network)}
        if predicts is not None:
            result["output"] = predicts
    if dates is not None:
        for decision, date in zip(decisions, dates, strict=True):
            decision["date"] = str(date)[:10]
    result["observation"] = observation
    if action:
        result["action"] = action
    result["golden"] = decisions
    (folder / "answers.json").write_text(json.dumps(result, indent=1, allow_nan=False) + "\n")


def layers(model, modules=None):
    """The layers of PyTorch modules as a manifest writes them; modules in order, or the model."""
    names = {id(module): name for name, module in model.named_modules()}
    found = []
    for module in modules if modules is not None else [model]:
        found += _layers(module, names)
    return found


def _layers(module, names):
    kind, name = type(module).__name__, names.get(id(module), "")
    plain = {
        "Tanh": "tanh", "ReLU": "relu", "SiLU": "silu", "Sigmoid": "sigmoid", "Flatten": "flatten",
    }
    if kind in plain:
        return [{"op": plain[kind]}]
    if kind == "Identity":
        return []
    if kind == "Linear":
        return [{"op": "linear", "params": name}]
    if kind == "ELU" and module.alpha == 1:
        return [{"op": "elu"}]
    if kind == "GELU" and module.approximate == "none":
        return [{"op": "gelu"}]
    if kind == "LeakyReLU":
        return [{"op": "leaky_relu", "slope": module.negative_slope}]
    if kind == "Hardtanh":
        return [{"op": "hardtanh", "min": module.min_val, "max": module.max_val}]
    if kind == "Softmax":
        return [{"op": "softmax"}]
    if kind == "Dropout":
        return [{"op": "dropout", "p": module.p}]
    if kind == "LayerNorm":
        return [{"op": "layer_norm", "params": name, "eps": module.eps}]
    if kind == "BatchNorm1d":
        return [{"op": "batch_norm", "params": name, "eps": module.eps}]
    if kind == "Conv1d":
        return [{
            "op": "conv1d", "params": name, "kernel": module.kernel_size[0],
            "stride": module.stride[0], "padding": module.padding[0],
        }]
    if kind == "Sequential" or kind == "ModuleList":
        return [layer for child in module for layer in _layers(child, names)]
    raise ValueError(
        f"the layers of {kind} '{name}' are not known: give 'network', the modules from the "
        "observation to the output in order, or write 'network' of the answers by hand")


def _array(observations):
    import numpy

    return numpy.asarray(observations, dtype=numpy.float64)


def _numbers(values):
    import numpy

    return [float(value) for value in numpy.ravel(numpy.asarray(values, dtype=numpy.float64))]


def _decisions(rows, actions, outputs):
    return [
        {"observation": _numbers(row), "action": _numbers(action), "outputs": _numbers(output)}
        for row, action, output in zip(rows, actions, outputs, strict=True)
    ]


def _normaliser(vec_normalize):
    if vec_normalize is None or not vec_normalize.norm_obs:
        return {"kind": "none"}
    statistics = vec_normalize.obs_rms
    if isinstance(statistics, dict):
        return {
            "kind": "vecnormalize",
            "mean": [v for part in statistics.values() for v in _numbers(part.mean)],
            "var": [v for part in statistics.values() for v in _numbers(part.var)],
            "epsilon": float(vec_normalize.epsilon), "clip": float(vec_normalize.clip_obs),
        }
    return {
        "kind": "vecnormalize", "mean": _numbers(statistics.mean),
        "var": _numbers(statistics.var), "epsilon": float(vec_normalize.epsilon),
        "clip": min(float(vec_normalize.clip_obs), 1.7976931348623157e308),
    }


def _stable_baselines(model, observations, vec_normalize):
    import numpy
    import torch

    if isinstance(observations, dict):
        raw = {key: numpy.asarray(value, numpy.float32) for key, value in observations.items()}
        count = len(next(iter(raw.values())))
        rows = [
            numpy.concatenate([numpy.ravel(raw[key][index]) for key in sorted(raw)])
            for index in range(count)
        ]
    else:
        raw = numpy.asarray(observations, numpy.float32)
        count, rows = len(raw), raw
    seen = copy.deepcopy(raw)
    if vec_normalize is not None:
        seen = vec_normalize.normalize_obs(seen)

    def one(index):
        if isinstance(seen, dict):
            return {key: value[index : index + 1] for key, value in seen.items()}
        return seen[index : index + 1]

    actions, state = [], None
    for index in range(count):
        start = numpy.array([index == 0])
        action, state = model.predict(
            one(index), state=state, episode_start=start, deterministic=True)
        actions.append(action[0])
    model.policy.set_training_mode(False)
    outputs = _outputs(model.policy, [one(index) for index in range(count)])
    decisions = _decisions(rows, actions, outputs)
    decisions[0]["episode_start"] = True
    return decisions


def _outputs(policy, observations):
    import torch

    outputs, hidden = [], None
    for x in observations:
        if isinstance(x, dict):
            x = {key: torch.as_tensor(value, device=policy.device) for key, value in x.items()}
        else:
            x = torch.as_tensor(x, device=policy.device)
        with torch.no_grad():
            output, hidden = _head(policy, x, hidden)
        outputs.append(output[0].cpu().numpy())
    return outputs


def _head(policy, x, hidden):
    """The outputs of the deciding head, as its layers in a manifest give them."""
    import torch

    if hasattr(policy, "lstm_actor"):
        features = policy.extract_features(x, policy.pi_features_extractor)
        if hidden is None:
            lstm = policy.lstm_actor
            shape = (lstm.num_layers, 1, lstm.hidden_size)
            hidden = (x.new_zeros(shape), x.new_zeros(shape))
        latent, hidden = policy.lstm_actor(features[None], hidden)
        return policy.action_net(policy.mlp_extractor.forward_actor(latent[0])), hidden
    if hasattr(policy, "q_net"):
        return policy.q_net(x), None
    if hasattr(policy, "quantile_net"):
        return policy.quantile_net(x), None
    if getattr(policy, "actor", None) is not None:
        actor = policy.actor
        if hasattr(actor, "get_action_dist_params"):
            return torch.tanh(actor.get_action_dist_params(x)[0]), None
        return actor(x), None
    if hasattr(policy, "mlp_extractor"):
        features = policy.extract_features(x, policy.pi_features_extractor)
        return policy.action_net(policy.mlp_extractor.forward_actor(features)), None
    return policy.action_net(policy.extract_features(x, policy.features_extractor)), None


def _activation(module):
    """The one activation of a module of RLlib as a manifest names it."""
    known = {"Tanh": "tanh", "ReLU": "relu", "SiLU": "silu", "ELU": "elu", "GELU": "gelu"}
    found = {known[type(m).__name__] for m in module.modules() if type(m).__name__ in known}
    return found.pop() if len(found) == 1 else None


def _rllib(module, observations, action):
    import numpy
    import torch
    from ray.rllib.utils.spaces.space_utils import unsquash_action

    raw = numpy.asarray(observations, numpy.float32)
    batch = {"obs": torch.as_tensor(raw)}
    state = module.get_initial_state()
    if state:
        batch = {
            "obs": batch["obs"][None],
            "state_in": {key: torch.as_tensor(value)[None] for key, value in state.items()},
        }
    with torch.no_grad():
        heads = module.forward_inference(batch)["action_dist_inputs"]
    heads = heads.reshape(len(raw), -1)
    kind = module.get_inference_action_dist_cls()
    actions = kind.from_logits(heads).to_deterministic().sample().numpy()
    if action.get("kind") == "box":
        actions = [unsquash_action(one, module.action_space) for one in actions]
        means = getattr(module.pi, "log_std", None) is not None
        heads = heads[:, : heads.shape[1] // 2] if means else heads
    decisions = _decisions(raw, actions, heads.numpy())
    decisions[0]["episode_start"] = True
    return decisions


def _torch(model, observations, action, network, transform, predicts):
    import numpy
    import torch

    raw = _array(observations)
    model = copy.deepcopy(model) if network is None else model
    was_training = model.training
    model.eval()
    with torch.no_grad():
        x = torch.as_tensor(raw.astype(numpy.float32))
        if network is None:
            outputs = model.double()(x.double())
        else:
            outputs = x
            for part in network:
                outputs = part(outputs)
    model.train(was_training)
    outputs = outputs.reshape(len(raw), -1).numpy()
    if predicts is not None:
        return [
            {"observation": _numbers(row), "outputs": _numbers(output)}
            for row, output in zip(raw, outputs, strict=True)
        ]
    kind = (action or {}).get("kind")
    if transform is not None:
        actions = [transform(output) for output in outputs]
    elif kind == "discrete":
        actions = outputs.argmax(axis=1)
    elif kind == "box":
        actions = numpy.clip(outputs, action["low"], action["high"])
    else:
        raise ValueError(
            "give 'action' with kind discrete or box, 'transform' for another rule, or 'predicts'")
    return _decisions(raw, actions, outputs)
