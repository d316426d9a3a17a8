import BacktestCore
import BacktestFiles
import BacktestIngest

/// A calendar found by its name.
struct NamedCalendar: Sendable {
  var calendar: any TradingCalendar
}

extension DocumentRule where Value == NamedCalendar {
  static var calendar: DocumentRule {
    var rule = text(
      listed(TradingCalendars.names, "or"),
      placeholder: NamedCalendar(calendar: AlwaysOpenCalendar())
    ) { TradingCalendars.named($0).map(NamedCalendar.init(calendar:)) }
    rule.advice = { node in
      guard case .text(let text) = node.content else { return nil }
      return NearestName.find(text, among: TradingCalendars.names).map { "did you mean '\($0)'?" }
    }
    return rule
  }
}

extension DocumentRule where Value == Timeframe {
  static var timeframe: DocumentRule {
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
      })
  }
}

extension DocumentRule where Value == Character {
  static var separator: DocumentRule {
    text("one character such as ';', or 'tab'", placeholder: ",") { text in
      if text == "tab" { return "\t" }
      return text.utf8.count == 1 ? text.first : nil
    }
  }
}

extension DocumentRule where Value == CSVMapping.TimeFormat {
  static var timeFormat: DocumentRule {
    text(
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
      default: text.contains("y") ? .pattern(text) : nil
      }
    }
  }
}

extension DocumentRule where Value == CSVMapping.StampMeaning {
  static var stampMeaning: DocumentRule {
    text("open or close", placeholder: .open) { CSVMapping.StampMeaning(rawValue: $0) }
  }
}

extension DocumentRule where Value == CSVMapping.StampZone {
  static var zone: DocumentRule {
    text("UTC, America/New_York or an offset such as +02:00", placeholder: .utc) { text in
      switch text {
      case "UTC", "Z": return .utc
      case "America/New_York":
        return CSVMapping.StampZone(name: text) { local in
          // The local clock read as if it were UTC names the local day and hour.
          let clock = Timestamp(seconds: local)
          let time = clock - clock.utcDate.midnight
          let instant = NewYorkTime(clock.utcDate, timeOfDay: time).timestamp
          return Int((clock - instant).nanoseconds / 1_000_000_000)
        }
      default: return offset(text).map { .fixed(secondsEast: $0) }
      }
    }
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

extension DocumentRule where Value == TimeSpan {
  /// A span such as `250ms`, `5s`, `2m`, `1h`.
  static var span: DocumentRule {
    text("a span such as 250ms, 5s, 2m or 1h", placeholder: .zero) { text in
      let digits = text.prefix { $0.isASCII && $0.isNumber }
      // So many hours are still far from the end of the clock.
      guard let count = Int64(digits), count <= 1_000_000 else { return nil }
      switch text.dropFirst(digits.count) {
      case "ms": return .milliseconds(count)
      case "s": return .seconds(count)
      case "m": return .minutes(count)
      case "h": return .hours(count)
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
      })
  }
}
