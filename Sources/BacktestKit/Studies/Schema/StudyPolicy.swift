import BacktestFiles
package import BacktestPolicies

/// The policy that a study runs, read and checked: a trained one, or a program in another process.
package struct StudyPolicy: Sendable {
  /// The manifest as the study names it; its folder, or the file.
  package var path: String
  /// What the policy observes and what its actions mean.
  package let manifest: PolicyManifest
  /// The SHA-256 digest of the manifest.
  package let manifestDigest: String
  /// The trained policy; `nil` where a process decides.
  package internal(set) var trained: TrainedPolicy?
  /// The file of weights as the study names it; `nil` where a process decides.
  package internal(set) var weightsPath: String?
  /// The program that decides and its words; empty for a trained policy.
  package internal(set) var command: [String] = []
  /// The folder of the study, in which a program works.
  let folder: String
  /// How decisions become positions.
  package internal(set) var options = PolicyOptions()

  /// Reads a policy.
  ///
  /// - Parameters:
  ///   - path: as the study gives it.
  ///   - folder: the folder from which it counts.
  ///   - command: the program that decides instead of a network.
  /// - Throws: `PolicyError` when there is no policy or it cannot be used.
  init(path: String, in folder: String, command: [String] = []) throws(PolicyError) {
    let place = path.hasPrefix("/") || folder == "." ? path : folder + "/" + path
    try Self.check(place, path)
    let manifest = try PolicyError.wrapping(try PolicyManifest(path: place))
    self.manifest = manifest
    manifestDigest = try PolicyError.wrapping(try SHA256.hexadecimal(ofFile: manifest.path))
    self.path = path
    self.folder = folder
    self.command = command
    guard command.isEmpty else { return }
    let policy = try TrainedPolicy(manifest: manifest)
    trained = policy
    // Counted from the study as everything in a result is, so that it does not matter from where
    // the study is run.
    let own = manifest.folder
    let given = path.hasSuffix(".json") ? folderPath(of: path) : path
    weightsPath =
      policy.weightsPath.hasPrefix(own) ? given + policy.weightsPath.dropFirst(own.count) : nil
  }

  /// Refuses what is no policy with what to do about it.
  private static func check(_ place: String, _ path: String) throws(PolicyError) {
    if place.hasSuffix(".json") || fileExists("\(place)/manifest.json") { return }
    guard fileExists(place) else {
      throw PolicyError(source: path, "there is no such folder or manifest")
    }
    throw PolicyError(
      source: path,
      "this is no policy: it has no manifest, and weights alone do not say what they observe or "
        + "what their actions mean; import it with the command "
        + "`policy import \(path) --out DIR` and name DIR")
  }
}

extension StudyPolicy {
  /// This policy with the weights of a checkpoint, or the policy of a folder that has a manifest of
  /// its own.
  ///
  /// - Parameters:
  ///   - place: the checkpoint, from where the process runs.
  ///   - name: the checkpoint as results name it.
  /// - Throws: `PolicyError` where it is not there, does not fit, or is another kind of policy.
  func replacing(with place: String, named name: String) throws(PolicyError) -> StudyPolicy {
    guard fileExists(place) else { throw PolicyError("the checkpoint \(name) is not there") }
    guard let trained else {
      throw PolicyError("a process decides, which takes no checkpoints; leave 'command' out")
    }
    guard place.hasSuffix(".json") || fileExists("\(place)/manifest.json") else {
      var policy = self
      policy.trained = try trained.replacingWeights(from: place)
      policy.weightsPath = name
      return policy
    }
    var policy = try StudyPolicy(path: place, in: ".")
    guard policy.manifest.observation.shape == manifest.observation.shape,
      policy.manifest.action == manifest.action, policy.manifest.output == manifest.output
    else {
      throw PolicyError(
        source: name,
        "its manifest has another observation or other actions than \(path), and one study has "
          + "one policy")
    }
    let price = manifest.observation.price
    guard policy.manifest.observation.price == price else {
      throw PolicyError(
        source: name,
        "its manifest observes '\(policy.manifest.observation.price.rawValue)', but that of "
          + "\(path) '\(price.rawValue)', and one study has one kind of prices")
    }
    policy.path = name
    policy.weightsPath = policy.trained.map {
      "\(name)/" + ($0.weightsPath.split(separator: "/").last ?? "")
    }
    policy.options = options
    return policy
  }

  /// Whether it, or a policy whose predictions it observes, was trained on adjusted closes.
  var observesAdjustedCloses: Bool {
    if manifest.observation.price == .adjustedClose { return true }
    return manifest.observation.features.contains { feature in
      guard case .prediction(let feature) = feature,
        let other = try? PolicyManifest(path: "\(manifest.folder)/\(feature.policy)")
      else { return false }
      return other.observation.price == .adjustedClose
    }
  }

  /// Whether checkpoints without a manifest are normalised with numbers that come from the training
  /// of this policy.
  var normaliserIsTrained: Bool {
    switch manifest.observation.normaliser {
    case .none, .scale: false
    case .zScore, .runningStatistics, .minimumMaximum: true
    }
  }
}
