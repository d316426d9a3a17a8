/// One key of a configuration, defined once.
///
/// The definition is the source of everything that names the key: how a study gives it and what it
/// refuses, the example of `bt-run init`, `result.json`, the report's assumptions, the documents.
///
///     .flag("gap-improvement", \.execution.improvesOnGaps, "Whether gaps improve limit fills.")
///       .example("false").assumption("Gaps") { … }
package struct ConfigurationKey<Root> {
  /// The name in studies and result files, such as `gap-improvement`.
  package let name: String
  /// What it accepts.
  package let domain: ConfigurationDomain
  /// What it means, as one sentence for documents.
  package let help: String
  /// A value for documents; empty where the default serves.
  package var example = ""
  /// What holds where the key has no value, such as `unlimited`.
  package var absence = ""
  /// Whether a study has to give it.
  package var isRequired = false
  /// Whether it follows from other keys, so that results have it and studies do not.
  package var isDerived = false
  /// What has to be given beside it, such as `limit-fill: through`; empty where nothing has to.
  package var companion = ""
  /// The value in effect; `nil` where there is none.
  package let value: (Root) -> ConfigurationValue?
  /// Takes over a value of the domain.
  package let assign: (inout Root, ConfigurationValue) -> Void
  /// What a report says of the value in effect.
  package var assumption: (Root) -> ConfigurationAssumption? = { _ in nil }

  package init(
    _ name: String, _ domain: ConfigurationDomain, _ help: String,
    value: @escaping (Root) -> ConfigurationValue?,
    assign: @escaping (inout Root, ConfigurationValue) -> Void
  ) {
    self.name = name
    self.domain = domain
    self.help = help
    self.value = value
    self.assign = assign
  }
}

/// What a key of a configuration accepts.
package enum ConfigurationDomain: Hashable, Sendable {
  /// `true` or `false`.
  case flag
  /// One of some words.
  case words([String])
  /// A number within bounds.
  case number(NumberBounds)
  /// A whole number within bounds.
  case integer(NumberBounds)
  /// Any text.
  case text
  /// A span of time such as `250ms`.
  case duration
  /// A distance from a price such as `5%`, `2.5` or `3 atr`.
  case distance
  /// How long a position is held, such as `20 bars`.
  case holding
}

/// A value of a key of a configuration.
package enum ConfigurationValue: Hashable, Sendable {
  case flag(Bool)
  case integer(Int)
  case number(Double)
  case text(String)
  case duration(TimeSpan)
  case numbers([Double])
}

extension ConfigurationValue: CustomStringConvertible {
  /// As a study gives it: `next-open`, `0.1`, `250ms`.
  package var description: String {
    switch self {
    case .flag(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): NumberText.plain(value)
    case .text(let text): text
    case .duration(let span): span.shortText
    case .numbers(let values): "[\(values.map(NumberText.plain).joined(separator: ", "))]"
    }
  }
}

extension TimeSpan {
  /// As a study gives it, in the largest unit that is exact: `250ms`, `5s`, `2m`, `1h`, `5d`, and
  /// `0s`.
  package var shortText: String {
    let milliseconds = nanoseconds / 1_000_000
    let units: [(String, Int64)] = [
      ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000),
    ]
    for (unit, length) in units
    where milliseconds % length == 0 && (milliseconds > 0 || unit == "s") {
      return "\(milliseconds / length)\(unit)"
    }
    return "\(milliseconds)ms"
  }
}

extension TimeSpan {
  /// In a sentence, in the largest unit that is exact: `250 ms`, `5 seconds`, `1 hour`, `5 days`.
  var text: String {
    let milliseconds = Int(nanoseconds / 1_000_000)
    let units = [("day", 86_400_000), ("hour", 3_600_000), ("minute", 60_000), ("second", 1_000)]
    for (noun, length) in units
    where milliseconds % length == 0 && (milliseconds > 0 || noun == "second") {
      return NumberText.count(milliseconds / length, noun)
    }
    return "\(NumberText.grouped(milliseconds)) ms"
  }
}

/// A rule of a run as a report states it.
package struct ConfigurationAssumption: Hashable, Sendable {
  /// What the rule is about: `Market orders`.
  package var label: String
  /// The rule in words.
  package var text: String

  package init(_ label: String, _ text: String) {
    self.label = label
    self.text = text
  }
}

// Keys of one property
extension ConfigurationKey {
  /// `true` or `false`.
  package static func flag(
    _ name: String, _ property: WritableKeyPath<Root, Bool>, _ help: String
  ) -> ConfigurationKey {
    ConfigurationKey(name, .flag, help, value: { .flag($0[keyPath: property]) }) { root, value in
      if case .flag(let isOn) = value { root[keyPath: property] = isOn }
    }
  }

  /// One of the names of an enumeration.
  package static func word<Word: RawRepresentable<String> & CaseIterable>(
    _ name: String, _ property: WritableKeyPath<Root, Word>, _ help: String
  ) -> ConfigurationKey {
    ConfigurationKey(
      name, .words(Word.allCases.map(\.rawValue)), help,
      value: { .text($0[keyPath: property].rawValue) },
      assign: { root, value in
        if case .text(let text) = value, let word = Word(rawValue: text) {
          root[keyPath: property] = word
        }
      })
  }

  /// A number within bounds.
  package static func number(
    _ name: String, _ property: WritableKeyPath<Root, Double>, _ bounds: NumberBounds,
    _ help: String
  ) -> ConfigurationKey {
    ConfigurationKey(name, .number(bounds), help, value: { .number($0[keyPath: property]) }) {
      root, value in
      if case .number(let number) = value { root[keyPath: property] = number }
    }
  }

  /// A number within bounds, or none.
  package static func number(
    _ name: String, _ property: WritableKeyPath<Root, Double?>, _ bounds: NumberBounds,
    _ help: String
  ) -> ConfigurationKey {
    ConfigurationKey(
      name, .number(bounds), help, value: { $0[keyPath: property].map { .number($0) } },
      assign: { root, value in
        if case .number(let number) = value { root[keyPath: property] = number }
      })
  }

  /// A whole number within bounds, or none.
  package static func integer(
    _ name: String, _ property: WritableKeyPath<Root, Int?>, _ bounds: NumberBounds, _ help: String
  ) -> ConfigurationKey {
    ConfigurationKey(
      name, .integer(bounds), help, value: { $0[keyPath: property].map { .integer($0) } },
      assign: { root, value in
        if case .integer(let number) = value { root[keyPath: property] = number }
      })
  }

  /// Any text.
  package static func text(
    _ name: String, _ property: WritableKeyPath<Root, String>, _ help: String
  ) -> ConfigurationKey {
    ConfigurationKey(name, .text, help, value: { .text($0[keyPath: property]) }) { root, value in
      if case .text(let text) = value { root[keyPath: property] = text }
    }
  }

  /// A span of time.
  package static func duration(
    _ name: String, _ property: WritableKeyPath<Root, TimeSpan>, _ help: String
  ) -> ConfigurationKey {
    ConfigurationKey(name, .duration, help, value: { .duration($0[keyPath: property]) }) {
      root, value in
      if case .duration(let span) = value { root[keyPath: property] = span }
    }
  }
}

// What is beside name, type and meaning
extension ConfigurationKey {
  /// The key with a value for documents.
  package func example(_ example: String) -> ConfigurationKey {
    var key = self
    key.example = example
    return key
  }

  /// The key with words for what holds where it has no value.
  package func absent(_ absence: String) -> ConfigurationKey {
    var key = self
    key.absence = absence
    return key
  }

  /// The key as one that a study has to give.
  package func required() -> ConfigurationKey {
    var key = self
    key.isRequired = true
    return key
  }

  /// The key as one that follows from others.
  package func derived() -> ConfigurationKey {
    var key = self
    key.isDerived = true
    return key
  }

  /// The key as one that is only accepted beside another, such as `limit-fill: through`.
  package func beside(_ companion: String) -> ConfigurationKey {
    var key = self
    key.companion = companion
    return key
  }

  /// The key with the line of a report's assumptions; `nil` leaves it out.
  package func assumption(
    _ label: String, _ text: @escaping (Root) -> String?
  ) -> ConfigurationKey {
    var key = self
    key.assumption = { root in text(root).map { ConfigurationAssumption(label, $0) } }
    return key
  }
}

/// The numbers that a key accepts.
package struct NumberBounds: Hashable, Sendable {
  private var lowest = -Double.infinity
  private var highest = Double.infinity
  private var includesLowest = true

  /// Every finite number.
  package static let any = NumberBounds()
  /// Numbers above 0.
  package static let positive = NumberBounds(lowest: 0, includesLowest: false)
  /// Numbers of 0 and above.
  package static let notNegative = atLeast(0)
  /// Numbers from 0 to 1.
  package static let fraction = within(0...1)
  /// Numbers above 0 and at most 1.
  package static let share = NumberBounds(lowest: 0, highest: 1, includesLowest: false)

  /// Numbers of `lowest` and above.
  package static func atLeast(_ lowest: Double) -> NumberBounds { NumberBounds(lowest: lowest) }

  /// Numbers of a range, its ends included.
  package static func within(_ range: ClosedRange<Double>) -> NumberBounds {
    NumberBounds(lowest: range.lowerBound, highest: range.upperBound)
  }

  private init(
    lowest: Double = -.infinity, highest: Double = .infinity, includesLowest: Bool = true
  ) {
    self.lowest = lowest
    self.highest = highest
    self.includesLowest = includesLowest
  }

  /// Whether a number is finite and inside.
  package func contains(_ value: Double) -> Bool {
    value.isFinite && value <= highest && (includesLowest ? value >= lowest : value > lowest)
  }

  /// The finite number inside that is nearest to 0 or, with an open end, 1.
  package var placeholder: Double {
    contains(0) ? 0 : contains(1) ? 1 : max(lowest, min(highest, 0))
  }

  /// What comes after `a number` in a message: ` from 0 to 1`.
  package var phrase: String {
    let (low, high) = (NumberText.plain(lowest), NumberText.plain(highest))
    return switch (lowest.isFinite, highest.isFinite) {
    case (false, false): ""
    case (true, false): includesLowest ? " of at least \(low)" : " above \(low)"
    case (false, true): " of at most \(high)"
    case (true, true): includesLowest ? " from \(low) to \(high)" : " above \(low), at most \(high)"
    }
  }
}
