import BacktestCheckpoints
import BacktestFiles

// Observations in named parts.
extension PolicyImport {
  /// The answered observation with the features of its parts joined, in the order in which
  /// Stable-Baselines3 joins the entries of a dictionary. A part with a window is written as lags,
  /// oldest first.
  ///
  ///     observation:
  ///       parts:
  ///         market: {window: 10, features: [{name: log_return}]}
  ///         account: {features: [{state: position_weight}]}
  func observation(_ answer: JSONValue?) throws(PolicyError) -> JSONValue? {
    guard case .parts(let parts)? = metadata?.observationSpace, var answer,
      case .table(let given)? = answer.remove("parts")
    else { return answer }
    guard answer["features"] == nil else {
      throw PolicyError(
        source: checkpoint, "'observation' has 'features' and 'parts'; give one of them")
    }
    for member in given where !parts.contains(where: { $0.name == member.key }) {
      throw PolicyError(
        source: checkpoint,
        "'observation.parts' names \(quotedForMessage(member.key)), but the parts are "
          + listed(parts.map { quotedForMessage($0.name) }, "and"))
    }
    var features: [JSONValue] = []
    for part in parts {
      guard let own = given.first(where: { $0.key == part.name })?.value else {
        throw PolicyError(
          source: checkpoint,
          "'observation.parts' lacks \(quotedForMessage(part.name)), \(part.count) numbers")
      }
      features += try joined(own, part)
    }
    answer.set("features", .list(features))
    return answer
  }

  private func joined(
    _ answer: JSONValue, _ part: StableBaselinesSpace.Part
  ) throws(PolicyError) -> [JSONValue] {
    let name = quotedForMessage(part.name)
    guard case .table(let members) = answer else {
      throw PolicyError(
        source: checkpoint, "the part \(name) is a table with 'features' and, if need be, 'window'")
    }
    for member in members where !["features", "window"].contains(member.key) {
      throw PolicyError(
        source: checkpoint,
        "the part \(name) has the key \(quotedForMessage(member.key)); a part has 'features' and "
          + "'window', and everything else is said of the whole observation")
    }
    var window = 1
    if let given = answer["window"] {
      guard case .integer(let count) = given, 1...100_000 ~= count else {
        throw PolicyError(source: checkpoint, "the 'window' of the part \(name) is no whole number")
      }
      window = count
    }
    guard case .list(let features)? = answer["features"], !features.isEmpty else {
      throw PolicyError(source: checkpoint, "the part \(name) needs 'features'")
    }
    guard features.count * window == part.count else {
      throw PolicyError(
        source: checkpoint,
        "the part \(name) has \(features.count) features of \(window) bars, but \(part.count) "
          + "numbers in the checkpoint")
    }
    guard window > 1 else { return features }
    var rows: [JSONValue] = []
    for age in (0..<window).reversed() {
      for feature in features {
        guard feature["state"] == nil, feature["prediction"] == nil else {
          throw PolicyError(
            source: checkpoint,
            "the part \(name) has a window, which only features of bars can have")
        }
        var lagged = feature
        var lag = age
        if case .integer(let own)? = feature["lag"] { lag += own }
        lagged.set("lag", .integer(lag))
        rows.append(lagged)
      }
    }
    return rows
  }
}
