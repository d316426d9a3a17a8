import BacktestCore
package import BacktestFiles

/// What belongs together when trials are counted: one strategy on the same instruments in one
/// timeframe.
public struct TrialFamily: Hashable, Sendable, CustomStringConvertible {
  /// The strategy's name in the catalogue, or that of the policy.
  public var strategy: String
  /// The instruments, by name.
  public var symbols: [String]
  /// The timeframe of their bars.
  public var timeframe: String

  /// A family from its parts.
  package init(strategy: String, symbols: [String], timeframe: String) {
    self.strategy = strategy
    self.symbols = symbols
    self.timeframe = timeframe
  }

  /// The symbols as the store has them.
  var symbolText: String { symbols.joined(separator: "\n") }

  /// `sma-crossover on AAA, BBB, 1d`; of more than four symbols the first three and a count.
  public var description: String {
    let shown =
      symbols.count <= 4
      ? symbols.joined(separator: ", ")
      : "\(symbols.prefix(3).joined(separator: ", ")) and \(symbols.count - 3) more"
    return "\(strategy) on \(shown), \(timeframe)"
  }
}

/// What all trials of one job have in common.
package final class TrialScope: Sendable {
  /// The family in which they are counted.
  package let family: TrialFamily
  /// All rules but the parameters, as JSON on one line.
  let rules: String
  /// The series and their digests, as JSON on one line.
  let data: String
  /// The digest of family and rules, to which a configuration adds its parameters.
  private let begun: ContentDigest
  private let dataDigest: ContentDigest.Value

  /// The scope of a job.
  package convenience init(family: TrialFamily, rules: JSONValue, data: JSONValue) {
    self.init(family: family, rules: Self.line(rules), data: Self.line(data))
  }

  private init(family: TrialFamily, rules: String, data: String) {
    self.family = family
    self.rules = rules
    self.data = data
    var digest = ContentDigest()
    for part in [family.strategy, family.symbolText, family.timeframe, self.rules] {
      digest.update(text: part)
    }
    begun = digest
    dataDigest = ContentDigest.of(self.data.utf8)
  }

  /// The scope of a part of the market: one of its instruments, or bars of another length.
  func part(_ market: String) -> TrialScope {
    var family = family
    if family.symbols.contains(market) {
      family.symbols = [market]
    } else {
      family.timeframe = market
    }
    return TrialScope(family: family, rules: rules, data: data)
  }

  private static func line(_ value: JSONValue) -> String {
    String(decoding: JSONWriter.line(of: value).dropLast(), as: UTF8.self)
  }

  /// The digest of a configuration.
  func configuration(_ parameters: String, source: String?) -> ContentDigest.Value {
    var digest = begun
    digest.update(text: parameters)
    digest.update(text: source ?? "")
    return digest.value
  }

  /// The digest of a trial of a configuration on the days of an axis.
  func trial(
    _ configuration: ContentDigest.Value, _ axis: [UInt8], market: String?
  ) -> [UInt8] {
    let part = Array((market ?? "").utf8)
    return ContentDigest.of(configuration.bytes + dataDigest.bytes + axis + part).bytes
  }
}

extension ContentDigest {
  /// Takes in text and where it ends.
  mutating func update(text: String) {
    let bytes = Array(text.utf8) + [0]
    bytes.withUnsafeBytes { update($0) }
  }
}

extension ContentDigest.Value {
  /// 16 bytes, the high half first.
  var bytes: [UInt8] {
    [high, low].flatMap { word in
      stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> UInt64($0)) }
    }
  }
}
