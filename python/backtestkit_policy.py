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

import contextlib
import copy
import json
import pathlib
import pickle


def export(
    model, observations, folder, *, vec_normalize=None, features=None, action=None, network=None,
    dates=None, transform=None, predicts=None, forward=None, **answers,
):
    """Writes the checkpoint and the answers of a trained policy.

    model: a model of Stable-Baselines3 or sb3-contrib, a module of RLlib's new API stack, or a
        `torch.nn.Module`.
    observations: some dozen observations as the environment returned them, before any
        normalisation; in the order of time for a recurrent policy, which starts at the first.
        A dictionary of arrays for a Dict space, whose own order the numbers keep.
    vec_normalize: the `VecNormalize` of the training, or none.
    features: the features of an observation as a manifest lists them.
    action: the meaning of actions as a manifest writes it, such as
        `{"meaning": "target_weights", "targets": [0, 1, -1]}`; for PyTorch also `kind`, `size`,
        `low`, `high` and, for a box, `transform` (clip where it is left out). A module of RLlib
        says these itself.
    network: the modules from the observation to the output, in order, where the network is not a
        layout that BacktestKit knows. They must give the outputs of the model itself.
    dates: for each observation the day of the bar at whose close it was made (`2013-01-02`).
        Runs over these bars check that the features have these values.
    transform: for PyTorch a function from the outputs to the action, instead of the rule that
        `action` names.
    predicts: for a PyTorch predictor its `output` as a manifest writes it.
    forward: for PyTorch a function from a batch of observations to the outputs, where calling the
        model does not give them, such as `lambda x: agent.actor(x)`.
    answers: other keys of a manifest, such as `algorithm="REINFORCE"` or
        `trained={"data_end": "2012-12-31"}`.
    """
    _require_observations(observations)
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    result = dict(answers)
    observation = dict(result.pop("observation", {}))
    if features is not None:
        observation["features"] = features
    if hasattr(model, "policy") and hasattr(model, "get_parameters"):
        normaliser = _normaliser(vec_normalize, model.observation_space)
        decisions = _stable_baselines(model, observations, vec_normalize, network)
        model.save(folder / "model.zip")
        observation["normalise"] = normaliser
        action = dict(action or {})
        if network is not None:
            result["network"] = {"policy": layers(model.policy, network)}
    elif hasattr(model, "get_inference_action_dist_cls"):
        action = _with_space(model.action_space, action or {})
        decisions = _rllib(model, observations, action)
        (folder / "module_state.pkl").write_bytes(pickle.dumps(model.get_state(), protocol=5))
        observation.setdefault("normalise", {"kind": "none"})
        activation = _activation(model)
        if activation:
            result["activation"] = activation
    else:
        import torch

        if not isinstance(model, torch.nn.Module):
            raise ValueError(
                "a model of Stable-Baselines3 or sb3-contrib, a module of RLlib or a "
                f"torch.nn.Module is expected, found {type(model).__name__}")
        found = layers(model, network)
        if action is not None and action.get("kind") == "box" and transform is None:
            action = {"transform": "clip", **action}
        decisions = _torch(model, observations, action, network, transform, predicts, forward)
        torch.save(model.state_dict(), folder / "model.pt")
        observation.setdefault("normalise", {"kind": "none"})
        observation["shape"] = list(_array(observations).shape[1:])
        result.setdefault("algorithm", "PyTorch")
        head = "policy" if predicts is None else "predict"
        result["network"] = {head: found}
        if predicts is not None:
            result["output"] = predicts
    if dates is not None:
        if len(dates) != len(decisions):
            raise ValueError(f"there are {len(dates)} dates for {len(decisions)} observations")
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
    kind, name = _kind(module), names.get(id(module), "")
    plain = {
        "Tanh": "tanh", "ReLU": "relu", "SiLU": "silu", "Sigmoid": "sigmoid", "SELU": "selu",
        "Mish": "mish",
    }

    def refuse(problem):
        raise ValueError(
            f"{kind} '{name}' {problem}: write 'network' of the answers by hand, or export the "
            "model as ONNX")

    def weighted(layer):
        if name == "":
            refuse("is not a part of the model, so that the checkpoint does not hold its weights")
        return [layer if getattr(module, "bias", None) is not None else {**layer, "bias": False}]

    if kind in plain:
        return [{"op": plain[kind]}]
    if kind == "Identity":
        return []
    if kind == "Flatten":
        if module.start_dim != 1 or module.end_dim != -1:
            refuse("does not flatten the whole observation")
        return [{"op": "flatten"}]
    if kind == "Linear":
        return weighted({"op": "linear", "params": name})
    if kind == "ELU" and module.alpha == 1:
        return [{"op": "elu"}]
    if kind == "GELU" and module.approximate == "none":
        return [{"op": "gelu"}]
    if kind == "Softplus" and module.beta == 1 and module.threshold == 20:
        return [{"op": "softplus"}]
    if kind == "LeakyReLU":
        return [{"op": "leaky_relu", "slope": module.negative_slope}]
    if kind == "Hardtanh":
        return [{"op": "hardtanh", "min": module.min_val, "max": module.max_val}]
    if kind == "Softmax":
        return [{"op": "softmax"}]
    if kind == "Dropout":
        return [{"op": "dropout", "p": module.p}]
    if kind in ("LayerNorm", "BatchNorm1d", "GroupNorm"):
        if getattr(module, "weight", None) is None:
            refuse("has no weights of its own")
        if kind == "LayerNorm":
            if len(module.normalized_shape) != 1:
                refuse("normalises several dimensions at once")
            return weighted({"op": "layer_norm", "params": name, "eps": module.eps})
        if kind == "GroupNorm":
            return weighted({
                "op": "group_norm", "params": name, "groups": module.num_groups,
                "eps": module.eps,
            })
        if module.running_mean is None:
            refuse("keeps no running statistics")
        return weighted({"op": "batch_norm", "params": name, "eps": module.eps})
    if kind == "Conv1d":
        if module.groups != 1:
            refuse(f"has {module.groups} groups")
        layer = {"op": "conv1d", "params": name, "kernel": module.kernel_size[0]}
        stride, dilation = module.stride[0], module.dilation[0]
        padding = module.padding
        if padding == "same":
            reach = dilation * (module.kernel_size[0] - 1)
            if reach % 2 == 1:
                refuse("pads one side by one more than the other")
            padding = reach // 2
        elif padding == "valid":
            padding = 0
        else:
            padding = padding[0]
        if padding > 0 and module.padding_mode != "zeros":
            refuse(f"pads with '{module.padding_mode}', not with zeros")
        for key, value, usual in (
            ("stride", stride, 1), ("padding", padding, 0), ("dilation", dilation, 1),
        ):
            if value != usual:
                layer[key] = value
        return weighted(layer)
    if kind in ("LSTM", "GRU", "RNN", "LSTMCell"):
        refuse("keeps a state, whose handling between decisions the layers alone do not show")
    if kind == "Sequential":
        return [layer for child in module for layer in _layers(child, names)]
    raise ValueError(
        f"the layers of {kind} '{name}' are not known: give 'network', the modules from the "
        "observation to the output in order, write 'network' of the answers by hand, or export "
        "the model as ONNX")


def _kind(module):
    """The class of a module; that behind a weight normalisation, which the reader knows."""
    if not hasattr(module, "parametrizations"):
        return type(module).__name__
    from torch.nn.utils import parametrize

    known = {"_WeightNorm"}
    rules = {
        type(rule).__name__ for rules in module.parametrizations.values() for rule in rules
    }
    if rules <= known:
        return parametrize.type_before_parametrizations(module).__name__
    return type(module).__name__


@contextlib.contextmanager
def _evaluating(module):
    """A module in evaluation mode, whose parts get their own modes back at the end."""
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, mode in modes:
            part.training = mode


def _require_observations(observations):
    """Refuses observations that could not be written."""
    import numpy

    parts = observations if isinstance(observations, dict) else {"": observations}
    arrays = {name: numpy.asarray(part, numpy.float64) for name, part in parts.items()}
    if not arrays or any(array.ndim == 0 or len(array) == 0 for array in arrays.values()):
        raise ValueError("there are no observations: give some dozen of them, one a row")
    if len({len(array) for array in arrays.values()}) > 1:
        raise ValueError(
            "the parts have different numbers of observations: "
            + ", ".join(f"{name} {len(array)}" for name, array in arrays.items()))
    for name, array in arrays.items():
        for index, row in enumerate(array):
            if not numpy.isfinite(row).all():
                part = f" of '{name}'" if name else ""
                raise ValueError(f"observation {index}{part} holds a number that is not finite")


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


def _normaliser(vec_normalize, space=None):
    if vec_normalize is None or not vec_normalize.norm_obs:
        return {"kind": "none"}
    statistics = vec_normalize.obs_rms
    # JSON has no infinity; the largest number has the same effect.
    clip = min(float(vec_normalize.clip_obs), 1.7976931348623157e308)
    epsilon = float(vec_normalize.epsilon)
    if isinstance(statistics, dict):
        mean, variance = [], []
        for key, part in (space or vec_normalize.observation_space).spaces.items():
            if key in statistics:
                mean += _numbers(statistics[key].mean)
                variance += _numbers(statistics[key].var)
                continue
            bounds = _numbers(part.low) + _numbers(part.high)
            if max(abs(bound) for bound in bounds) > clip or epsilon > 1:
                raise ValueError(
                    f"the part '{key}' was not normalised (norm_obs_keys), and its bounds do not "
                    f"lie within the clip of {clip:g} of the others, so that one rule does not "
                    "give both: write 'observation.normalise' of the answers by hand, or normalise "
                    "all parts")
            # What leaves a number as it is.
            mean += [0.0] * (len(bounds) // 2)
            variance += [1.0 - epsilon] * (len(bounds) // 2)
    else:
        mean, variance = _numbers(statistics.mean), _numbers(statistics.var)
    return {
        "kind": "vecnormalize", "mean": mean, "var": variance, "epsilon": epsilon, "clip": clip,
    }


def _stable_baselines(model, observations, vec_normalize, network=None):
    import numpy

    if isinstance(observations, dict):
        parts = list(model.observation_space.spaces)
        if set(parts) != set(observations):
            raise ValueError(
                f"the observations have the parts {sorted(observations)}, the model's space has "
                f"{sorted(parts)}")
        raw = {key: numpy.asarray(observations[key], numpy.float32) for key in parts}
        count = len(raw[parts[0]])
        rows = [
            numpy.concatenate([numpy.ravel(raw[key][index]) for key in parts])
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
    with _evaluating(model.policy):
        for index in range(count):
            start = numpy.array([index == 0])
            action, state = model.predict(
                one(index), state=state, episode_start=start, deterministic=True)
            actions.append(action[0])
        outputs = _outputs(model.policy, [one(index) for index in range(count)])
        if network is not None:
            _require_layers(model.policy, network, [one(index) for index in range(count)], outputs)
    decisions = _decisions(rows, actions, outputs)
    decisions[0]["episode_start"] = True
    return decisions


def _require_layers(policy, network, observations, expected):
    """Refuses layers that give other outputs than the policy of Stable-Baselines3 itself."""
    import torch
    from stable_baselines3.common.preprocessing import preprocess_obs

    found = []
    with torch.no_grad():
        for observation in observations:
            x, _ = policy.obs_to_tensor(observation)
            x = preprocess_obs(
                x, policy.observation_space, normalize_images=policy.normalize_images)
            if isinstance(x, dict):
                parts = policy.observation_space.spaces
                x = torch.cat([x[key].flatten(1) for key in parts], dim=1)
            for part in network:
                x = part(x)
            found.append(x[0].cpu().numpy())
    _require_same(found, expected)


def _require_same(found, expected):
    """Refuses outputs of given layers that are not the model's."""
    import numpy

    for index, (one, own) in enumerate(zip(found, expected, strict=True)):
        one, own = numpy.ravel(one), numpy.ravel(own)
        if one.shape != own.shape:
            raise ValueError(
                f"the layers of 'network' give {len(one)} outputs, the model {len(own)}")
        differences = numpy.abs(one - own)
        worst = int(numpy.argmax(differences - 1e-5 * numpy.maximum(1, numpy.abs(own))))
        if not differences[worst] <= 1e-5 * max(1, abs(own[worst])):
            raise ValueError(
                f"the layers of 'network' are not those of the model: for observation {index} "
                f"output {worst} is {one[worst]:.7g}, but the model gives {own[worst]:.7g}; give "
                "all modules that the model applies, activations and a last tanh included")


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

    def actor_features():
        from stable_baselines3.common.policies import BasePolicy

        if policy.share_features_extractor:
            return policy.extract_features(x, policy.pi_features_extractor)
        # The policy's own method gives the features of the critic too.
        return BasePolicy.extract_features(policy, x, policy.pi_features_extractor)

    if hasattr(policy, "lstm_actor"):
        features = actor_features()
        if hidden is None:
            lstm = policy.lstm_actor
            shape = (lstm.num_layers, 1, lstm.hidden_size)
            hidden = (features.new_zeros(shape), features.new_zeros(shape))
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
        return policy.action_net(policy.mlp_extractor.forward_actor(actor_features())), None
    return policy.action_net(policy.extract_features(x, policy.features_extractor)), None


def _activation(module):
    """The one activation of a module of RLlib as a manifest names it."""
    known = {"Tanh": "tanh", "ReLU": "relu", "SiLU": "silu", "ELU": "elu", "GELU": "gelu"}
    found = {known[type(m).__name__] for m in module.modules() if type(m).__name__ in known}
    return found.pop() if len(found) == 1 else None


def _with_space(space, action):
    """An action of a manifest with what its space says; what was given must say the same."""
    import numpy

    name = type(space).__name__
    if name == "Discrete":
        known = {"kind": "discrete", "size": int(space.n)}
    elif name == "Box" and space.is_bounded():
        known = {
            "kind": "box", "size": int(numpy.prod(space.shape)),
            "low": _numbers(space.low), "high": _numbers(space.high), "transform": "unsquash"}
    else:
        return action
    for key, value in known.items():
        if key in action and action[key] != value:
            raise ValueError(
                f"'action' has {action[key]!r} as '{key}', but the action space of the model "
                f"has {value!r}; leave it out")
    return {**known, **action}


def _batched(state):
    """A recurrent state as that of a batch of one; actor and critic may have one each."""
    import torch

    if isinstance(state, dict):
        return {key: _batched(value) for key, value in state.items()}
    return torch.as_tensor(state)[None]


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
            "state_in": _batched(state),
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


def _torch(model, observations, action, network, transform, predicts, forward):
    import numpy
    import torch

    kind = (action or {}).get("kind")
    if predicts is None and transform is None and kind not in ("discrete", "box"):
        raise ValueError(
            "give 'action' with kind discrete or box, 'transform' for another rule, or 'predicts'")
    raw = _array(observations)
    if forward is None:
        # In 64 bits, as BacktestKit computes; copied together, so that the layers stay the model's.
        own, given = copy.deepcopy((model, None if network is None else list(network)))
        own.double()
        x = torch.as_tensor(raw)
        call = own
    else:
        own, given, call = model, network, forward
        first = next(model.parameters(), None)
        x = torch.as_tensor(raw.astype(numpy.float32))
        x = x if first is None else x.to(first.device, first.dtype)
    with torch.no_grad(), _evaluating(own):
        outputs = _tensor(call, x)
        if given is not None:
            found = x
            for part in given:
                found = part(found)
            _require_same(found.cpu().numpy(), outputs.cpu().numpy())
    outputs = outputs.reshape(len(raw), -1).cpu().numpy()
    if predicts is not None:
        return [
            {"observation": _numbers(row), "outputs": _numbers(output)}
            for row, output in zip(raw, outputs, strict=True)
        ]
    if transform is not None:
        actions = [transform(output) for output in outputs]
    elif kind == "discrete":
        actions = outputs.argmax(axis=1)
    else:
        actions = _box_actions(outputs, action)
    return _decisions(raw, actions, outputs)


def _tensor(call, x):
    """The outputs of a model as one tensor."""
    import torch

    advice = "give 'forward', a function from a batch of observations to the outputs"
    try:
        outputs = call(x)
    except NotImplementedError:
        raise ValueError(f"the model has no forward: {advice}") from None
    except RuntimeError as error:
        raise ValueError(f"the model does not take these observations: {error}") from error
    if not isinstance(outputs, torch.Tensor) or len(outputs) != len(x):
        raise ValueError(f"the model does not give one row of outputs an observation: {advice}")
    return outputs


def _box_actions(outputs, action):
    """The actions of a box by the rule that 'action' names, in 32 bits as a trainer computes."""
    import numpy

    missing = [key for key in ("low", "high") if key not in action]
    if missing:
        raise ValueError(f"an 'action' of kind box needs {' and '.join(missing)}")
    values = outputs.astype(numpy.float32)
    low = numpy.asarray(action["low"], numpy.float32)
    high = numpy.asarray(action["high"], numpy.float32)
    rule = action.get("transform", "clip")
    if rule == "clip":
        return numpy.clip(values, low, high)
    if rule == "unsquash":
        return numpy.clip(low + (values + 1) * (high - low) / 2, low, high)
    if rule == "tanh":
        values = numpy.tanh(values)
    elif rule != "unscale_from_unit":
        raise ValueError(
            f"the transform '{rule}' is not known: give clip, unscale_from_unit, unsquash or tanh")
    return low + numpy.float32(0.5) * (values + 1) * (high - low)
