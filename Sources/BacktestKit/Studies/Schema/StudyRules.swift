package import BacktestCore
package import BacktestFiles
package import BacktestIngest

/// A calendar found by its name, or read from its file.
package struct NamedCalendar: Sendable {
  package var calendar: any TradingCalendar
}

extension DocumentRule where Value == NamedCalendar {
  /// A calendar by its name, or by the path of its file.
  ///
  /// - Parameter resolve: turns a path as it is given into one from where the process runs.
  package static func calendar(
    resolving resolve: @escaping @Sendable (String) -> String
  ) -> DocumentRule {
    var rule = word(
      of: TradingCalendars.names, placeholder: NamedCalendar(calendar: AlwaysOpenCalendar()),
      parse: { TradingCalendars.named($0).map(NamedCalendar.init(calendar:)) },
      write: { _ in .null })
    let named = rule.convert
    rule.convert = { node in
      guard case .text(let text) = node.content, CalendarFile.isPath(text) else {
        return named(node)
      }
      return (try? CalendarFile.read(resolve(text))).map(NamedCalendar.init(calendar:))
    }
    rule.advice = { node in
      guard case .text(let text) = node.content, CalendarFile.isPath(text) else { return nil }
      do throws(DocumentError) {
        _ = try CalendarFile.read(resolve(text))
        return nil
      } catch {
        return "\(error)"
      }
    }
    return rule
  }
}

extension DocumentRule where Value == Timeframe {
  package static var timeframe: DocumentRule {
    text("a timeframe such as 15m, 1h, 1d, 1w or 1mo", placeholder: .session) { Timeframe($0) }
  }
}

extension DocumentRule where Value == Instrument.LotSize {
  static var lot: DocumentRule {
    DocumentRule(
      expected: "a positive number or 'fractional'", placeholder: .standard,
      convert: { node in
        switch node.content {
        case .integer(let units) where units > 0: .units(Double(units))
        case .number(let units) where units > 0 && units.isFinite: .units(units)
        case .text("fractional"): .fractional
        default: nil
        }
      },
      write: { size in
        switch size {
        case .standard: .null
        case .units(let units): .number(units)
        case .fractional: .text("fractional")
        }
      })
  }
}

extension DocumentRule where Value == Character {
  package static var separator: DocumentRule {
    text("one character such as ';' that is no letter or digit, or 'tab'", placeholder: ",") {
      text in
      if text == "tab" { return "\t" }
      return text.utf8.count == 1
        ? text.first.flatMap { CSVMapping.isSeparator($0) ? $0 : nil } : nil
    }
  }
}

extension CSVMapping.TimeFormat {
  /// How a study or a command line gives it.
  package static var rule: DocumentRule<CSVMapping.TimeFormat> { .timeFormat }
}

extension DocumentRule where Value == CSVMapping.TimeFormat {
  static var timeFormat: DocumentRule {
    var rule = text(
      "automatic, iso, epoch-s, epoch-ms, epoch-us, epoch-ns or a pattern such as dd/MM/yyyy",
      placeholder: .automatic
    ) { text in
      switch text {
      case "automatic": .automatic
      case "iso": .iso
      case "epoch-s": .epoch(.seconds)
      case "epoch-ms": .epoch(.milliseconds)
      case "epoch-us": .epoch(.microseconds)
      case "epoch-ns": .epoch(.nanoseconds)
      default: CSVMapping.isTimePattern(text) ? .pattern(text) : nil
      }
    }
    rule.write = { $0 == .automatic ? "automatic" : .null }
    return rule
  }
}

extension DocumentRule where Value == CSVMapping.StampMeaning {
  static var stampMeaning: DocumentRule {
    .word(
      of: ["open", "close"], placeholder: .open, parse: { CSVMapping.StampMeaning(rawValue: $0) },
      write: { .text($0.rawValue) })
  }
}

extension DocumentRule where Value == CSVMapping.StampZone {
  package static var zone: DocumentRule {
    var rule = text(
      "UTC, a zone such as Europe/London, or an offset such as +02:00", placeholder: .utc
    ) { text in
      offset(text).map { .fixed(secondsEast: $0) } ?? (try? CSVMapping.StampZone.found(text))
    }
    rule.advice = { node in
      guard case .text(let text) = node.content else { return nil }
      do throws(TimeZoneError) {
        _ = try CSVMapping.StampZone.found(text)
        return nil
      } catch {
        return error.description
      }
    }
    let utc = CSVMapping.StampZone.utc.name
    rule.write = { .text($0.name == utc ? "UTC" : $0.name) }
    return rule
  }

  private static func offset(_ text: String) -> Int? {
    let parts = text.dropFirst().split(separator: ":", omittingEmptySubsequences: false)
    guard let sign = text.first, sign == "+" || sign == "-", parts.count == 2,
      parts.allSatisfy({ $0.count == 2 }), let hours = Int(parts[0]), let minutes = Int(parts[1]),
      (0...18).contains(hours), (0...59).contains(minutes)
    else { return nil }
    return (sign == "-" ? -1 : 1) * (hours * 3_600 + minutes * 60)
  }
}

extension DocumentRule where Value == ConfigurationValue {
  /// What a key of a configuration accepts.
  static func within(_ domain: ConfigurationDomain) -> DocumentRule {
    switch domain {
    case .flag:
      DocumentRule<Bool>.flag.map {
        .flag($0)
      } write: {
        JSONValue($0)
      }
    case .words(let words):
      .word(
        of: words, placeholder: .text(words[0]), parse: { .text($0) }, write: { JSONValue($0) })
    case .number(let bounds):
      DocumentRule<Double>.number(bounds).map {
        .number($0)
      } write: {
        JSONValue($0)
      }
    case .integer(let bounds):
      DocumentRule<Int>.integer(bounds).map {
        .integer($0)
      } write: {
        JSONValue($0)
      }
    case .text:
      DocumentRule<String>.text.map {
        .text($0)
      } write: {
        JSONValue($0)
      }
    case .duration:
      DocumentRule<TimeSpan>.span.map {
        .duration($0)
      } write: {
        JSONValue($0)
      }
    case .distance:
      DocumentRule<ExitDistance>.distance.map {
        .text($0.text)
      } write: {
        JSONValue($0)
      }
    case .holding:
      DocumentRule<HoldingLimit>.holding.map {
        .text($0.text)
      } write: {
        JSONValue($0)
      }
    }
  }
}

extension DocumentRule where Value == ExitDistance {
  /// A distance such as `5%`, `2.5` or `3 atr`.
  static var distance: DocumentRule {
    DocumentRule(
      expected: "a distance above 0 such as 5%, 2.5 or 3 atr", placeholder: .percent(1),
      convert: { node in
        switch node.content {
        case .integer(let number): ExitDistance("\(number)")
        case .number(let number): ExitDistance("\(number)")
        case .text(let text): ExitDistance(text)
        default: nil
        }
      }, write: { .text($0.text) })
  }
}

extension DocumentRule where Value == HoldingLimit {
  /// How long a position is held.
  static var holding: DocumentRule {
    text("a number of bars or sessions such as 20 bars", placeholder: .bars(1)) { text in
      HoldingLimit(text)
    }
  }
}

extension DocumentRule where Value == TimeSpan {
  /// A span such as `250ms`, `5s`, `2m`, `1h`, `5d`.
  static var span: DocumentRule {
    text("a span such as 250ms, 5s, 2m, 1h or 5d", placeholder: .zero) { text in
      let digits = text.prefix { $0.isASCII && $0.isNumber }
      // So many hours are still far from the end of the clock.
      guard let count = Int64(digits), count <= 1_000_000 else { return nil }
      switch text.dropFirst(digits.count) {
      case "ms": return .milliseconds(count)
      case "s": return .seconds(count)
      case "m": return .minutes(count)
      case "h": return .hours(count)
      case "d" where count <= 40_000: return .days(count)
      default: return nil
      }
    }
  }
}

extension DocumentRule where Value == ParameterValue {
  static var parameter: DocumentRule {
    DocumentRule(
      expected: "a number, a word, true or false", placeholder: .boolean(false),
      convert: { node in
        switch node.content {
        case .bool(let value): .boolean(value)
        case .integer(let value): .integer(value)
        case .number(let value): .number(value)
        case .text(let value): .choice(value)
        default: nil
        }
      }, write: { JSONValue($0) })
  }
}

extension JSONValue {
  package init(_ value: ParameterValue) {
    switch value {
    case .integer(let value): self = .integer(value)
    case .number(let value): self = .number(value)
    case .boolean(let value): self = .bool(value)
    case .choice(let value): self = .text(value)
    }
  }
}
