import BacktestCore
import BacktestFiles

/// How a trainer normalised observations before its network saw them.
///
/// All arithmetic is in 64 bits; results are rounded to 32, as the training libraries do. For
/// `runningStatistics` the features are rounded to 32 bits first too, because the trainer's
/// environment returns them so; the others use them unrounded.
package enum Normaliser: Sendable, Equatable {
  /// No normalisation.
  case none
  /// `(x - mean) / deviation`.
  case zScore(mean: [Double], deviation: [Double])
  /// `clip((x - mean) / sqrt(variance + epsilon), -limit, limit)`, the rule of Stable-Baselines3's
  /// `VecNormalize`.
  case runningStatistics(mean: [Double], variance: [Double], epsilon: Double, limit: Double)
  /// `low + (x - minimum) / (maximum - minimum) * (high - low)`.
  case minimumMaximum(minimum: [Double], maximum: [Double], low: Double, high: Double)
  /// `x * factor`.
  case scale([Double])

  /// The number of values that it normalises; `nil` for any number.
  package var count: Int? {
    switch self {
    case .none: nil
    case .zScore(let mean, _), .runningStatistics(let mean, _, _, _): mean.count
    case .minimumMaximum(let minimum, _, _, _): minimum.count
    case .scale(let factor): factor.count
    }
  }

  /// The normaliser of some numbers of an observation, in their order.
  ///
  /// - Parameter positions: where they are in the observation.
  func selecting(_ positions: [Int]) -> Normaliser {
    guard let count else { return self }
    func chosen(_ values: [Double]) -> [Double] { positions.map { values[$0 % count] } }
    return switch self {
    case .none: self
    case .zScore(let mean, let deviation):
      .zScore(mean: chosen(mean), deviation: chosen(deviation))
    case .runningStatistics(let mean, let variance, let epsilon, let limit):
      .runningStatistics(
        mean: chosen(mean), variance: chosen(variance), epsilon: epsilon, limit: limit)
    case .minimumMaximum(let minimum, let maximum, let low, let high):
      .minimumMaximum(minimum: chosen(minimum), maximum: chosen(maximum), low: low, high: high)
    case .scale(let factor): .scale(chosen(factor))
    }
  }

  /// Normalises an observation in place.
  ///
  /// - Parameter values: rows of features; a normaliser for one row is applied to each row.
  func apply(to values: UnsafeMutableBufferPointer<Double>) {
    PreparedNormaliser(self).apply(to: values)
  }
}

/// A normaliser that is applied again and again: what no observation changes is computed once.
struct PreparedNormaliser: Sendable {
  private let normaliser: Normaliser
  /// The deviations of running statistics; none for another rule, which has nothing to compute.
  private let deviations: [Double]

  init(_ normaliser: Normaliser) {
    self.normaliser = normaliser
    if case .runningStatistics(_, let variance, let epsilon, _) = normaliser {
      deviations = variance.map { ($0 + epsilon).squareRoot() }
    } else {
      deviations = []
    }
  }

  /// Normalises an observation in place.
  ///
  /// - Parameter values: rows of features; a normaliser for one row is applied to each row.
  func apply(to values: UnsafeMutableBufferPointer<Double>) {
    switch normaliser {
    case .none:
      for index in values.indices { values[index] = Double(Float(values[index])) }
    case .zScore(let mean, let deviation):
      Self.apply(mean, deviation, to: values) { ($0 - $1) / $2 }
    case .runningStatistics(let mean, _, _, let limit):
      Self.apply(mean, deviations, to: values) {
        min(max((Double(Float($0)) - $1) / $2, -limit), limit)
      }
    case .minimumMaximum(let minimum, let maximum, let low, let high):
      Self.apply(minimum, maximum, to: values) { low + ($0 - $1) / ($2 - $1) * (high - low) }
    case .scale(let factor):
      Self.apply(factor, factor, to: values) { value, factor, _ in value * factor }
    }
  }

  /// Replaces each number by what a rule makes of it and the two statistics of its column,
  /// rounded to 32 bits. Row by row over plain memory, so that columns are computed side by side.
  @inline(__always)
  private static func apply(
    _ first: [Double], _ second: [Double], to values: UnsafeMutableBufferPointer<Double>,
    _ rule: (_ value: Double, _ first: Double, _ second: Double) -> Double
  ) {
    precondition(!first.isEmpty && first.count == second.count, "statistics of each column")
    first.withUnsafeBufferPointer { first in
      second.withUnsafeBufferPointer { second in
        for start in stride(from: 0, to: values.count, by: first.count) {
          let row = UnsafeMutableBufferPointer(
            rebasing: values[start..<min(start + first.count, values.count)])
          for column in row.indices {
            row[column] = Double(Float(rule(row[column], first[column], second[column])))
          }
        }
      }
    }
  }
}

extension Normaliser {
  /// A normaliser in a manifest: given inline, or in a `file` beside it.
  init(
    _ table: inout DocumentTable,
    read: (_ file: String, _ digest: String?) throws(DocumentError) -> Normaliser
  ) {
    guard let file = table.optional("file", .text) else {
      self.init(given: &table)
      return
    }
    let digest = table.optional("sha256", .sha256)
    guard isBelow(file) else {
      table.report("a normaliser's file must be in the manifest's folder or below it", at: "file")
      self = .none
      return
    }
    do throws(DocumentError) {
      self = try read(file, digest)
    } catch {
      self = .none
      for problem in error.problems { table.report("\(problem)", at: "file") }
    }
  }

  /// A normaliser in a separate file, which must have the digest where one is given.
  init(file path: String, digest: String?) throws(DocumentError) {
    self = try DocumentReader.read(path: path).decode { Normaliser(given: &$0) }
    let found = digest == nil ? nil : try? SHA256.hexadecimal(ofFile: path)
    guard digest == found else {
      throw DocumentError(
        at: DocumentPlace(source: path),
        "this is not the file of the manifest: its SHA-256 is \(found ?? "unknown"), expected "
          + "\(digest ?? "none"); restore it, or import the policy again")
    }
  }

  /// A normaliser as `norm.json` or a manifest gives it.
  init(given table: inout DocumentTable) {
    let kind = table.value("kind", .choice(of: Kind.self))
    // Keys that exporters add for readers.
    for key in [
      "count", "formula", "ddof", "feature_names", "window", "layout", "fitted_on", "class_edges",
      "class_mean_logret", "classes", "info", "note",
    ] {
      _ = table.node(key)
    }
    func column(_ key: String, _ bounds: NumberBounds = .any) -> [Double] {
      table.list(key, of: .number(bounds))
    }
    switch kind {
    case .none: self = .none
    case .zscore:
      self = .zScore(mean: column("mean"), deviation: column("std", .positive))
    case .vecnormalize:
      self = .runningStatistics(
        mean: column("mean"), variance: column("var", .notNegative),
        epsilon: table.value("epsilon", .number(.notNegative)),
        limit: table.value("clip", .number(.positive)))
    case .minmax:
      self = .minimumMaximum(
        minimum: column("min"), maximum: column("max"),
        low: table.value("low", .number(), default: -1),
        high: table.value("high", .number(), default: 1))
    case .scale: self = .scale(column("factor"))
    }
    if let problem { table.report(problem) }
  }

  private enum Kind: String, CaseIterable { case none, zscore, vecnormalize, minmax, scale }

  /// What is wrong with the numbers; `nil` when nothing is.
  private var problem: String? {
    switch self {
    case .zScore(let a, let b) where a.count != b.count:
      "'mean' has \(a.count) numbers, 'std' has \(b.count)"
    case .runningStatistics(let a, let b, let epsilon, _):
      a.count != b.count
        ? "'mean' has \(a.count) numbers, 'var' has \(b.count)"
        : b.contains(where: { $0 + epsilon <= 0 }) ? "'var' + 'epsilon' is not above 0" : nil
    case .minimumMaximum(let a, let b, _, _):
      a.count != b.count
        ? "'min' has \(a.count) numbers, 'max' has \(b.count)"
        : zip(a, b).contains { $0 >= $1 } ? "each 'max' must be above its 'min'" : nil
    default: nil
    }
  }

  /// Its content in `norm.json`.
  var json: JSONValue {
    func list(_ values: [Double]) -> JSONValue { .list(values.map { .number($0) }) }
    return switch self {
    case .none: ["kind": "none"]
    case .zScore(let mean, let deviation):
      ["kind": "zscore", "mean": list(mean), "std": list(deviation)]
    case .runningStatistics(let mean, let variance, let epsilon, let limit):
      [
        "kind": "vecnormalize", "mean": list(mean), "var": list(variance),
        "epsilon": .number(epsilon), "clip": .number(limit),
      ]
    case .minimumMaximum(let minimum, let maximum, let low, let high):
      [
        "kind": "minmax", "min": list(minimum), "max": list(maximum), "low": .number(low),
        "high": .number(high),
      ]
    case .scale(let factor): ["kind": "scale", "factor": list(factor)]
    }
  }
}
