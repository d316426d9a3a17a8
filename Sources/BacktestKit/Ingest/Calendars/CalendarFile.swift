public import BacktestCore
public import BacktestFiles

/// A calendar in a file, YAML or JSON.
///
///     name: XKRX
///     zone: Asia/Seoul
///     from: 2015-01-01
///     to: 2026-12-31
///     hours: 09:00-15:30               # 09:00-11:30 12:30-15:30 with a lunch break
///     holidays: [2024-01-01, 2024-02-09]
///     special: {2024-11-14: 10:00-16:30}
package enum CalendarFile {
  /// Whether a text names a file rather than a calendar.
  package static func isPath(_ text: String) -> Bool {
    [".yaml", ".yml", ".json"].contains { text.hasSuffix($0) }
  }

  /// The calendar of a file.
  ///
  /// - Throws: everything that is wrong with it, each with its line.
  package static func read(_ path: String) throws(DocumentError) -> ExchangeCalendar {
    let document = try DocumentReader.read(path: path)
    return try document.decode { table in
      let rules = CalendarFile.rules(&table)
      let calendar = ExchangeCalendar(rules)
      if !(calendar.sessionsPerYear > 0) {
        table.report(
          "it has no sessions: 'weekdays' and 'special' leave none, or every day is a holiday")
      }
      if let date = calendar.firstOverlap {
        table.report("the session of \(date) begins before the one before it has ended")
      }
      return calendar
    }
  }

  private static func rules(_ table: inout DocumentTable) -> ExchangeCalendarRules {
    let name = table.value("name", .calendarName)
    let zone = table.value("zone", .timeZone)
    let first = table.value("from", .sessionDate)
    let last = table.value("to", .sessionDate)
    let placeholder = CivilDate(unchecked: 2000, 1, 1)
    if last < first { table.report("'to' lies before 'from'", at: "to") }
    let coverage = last < first ? placeholder...placeholder : first...last
    var rules = ExchangeCalendarRules(
      name: name, zone: zone, coverage: coverage, regular: regular(&table, from: first))
    if let days = table.optionalList("weekdays", of: .weekday) { rules.weekdays = Set(days) }
    let holidays = (table.optionalList("holidays", of: .date) ?? []).map(\.daysSinceEpoch)
    rules.closed = Set(holidays)
    rules.special = table.section("special", dated)
    checkDays(holidays, rules, &table)
    rules.sessionsPerYear = table.optional("sessions-per-year", .number(.within(1...366)))
    return rules
  }

  /// Reports days that are named twice, or on which they have no effect.
  private static func checkDays(
    _ holidays: [Int], _ rules: ExchangeCalendarRules, _ table: inout DocumentTable
  ) {
    var seen: Set<Int> = []
    for day in holidays {
      let date = CivilDate(daysSinceEpoch: day)
      if !seen.insert(day).inserted {
        table.report("\(date) is a holiday twice; keep one of them", at: "holidays")
      } else if rules.special[day] != nil {
        table.report(
          "\(date) is a holiday and has special hours; keep one of the two", at: "holidays")
      } else if !rules.coverage.contains(date) {
        table.report(
          "\(date) is a holiday outside of the calendar's dates; move 'from' or 'to', or leave it "
            + "out", at: "holidays")
      }
    }
    for day in rules.special.keys.sorted() {
      let date = CivilDate(daysSinceEpoch: day)
      if !rules.coverage.contains(date) {
        table.report(
          "\(date) has special hours outside of the calendar's dates; move 'from' or 'to', or "
            + "leave it out", at: "special")
      }
    }
  }

  /// The regular hours: one text, or a table of dates from which each holds.
  private static func regular(
    _ table: inout DocumentTable, from first: CivilDate
  ) -> [(from: Int, hours: ExchangeCalendarRules.LocalHours)] {
    guard let node = table.node("hours"), node.kind == .table else {
      return [(first.daysSinceEpoch, table.value("hours", .hours))]
    }
    let dated = table.section("hours", dated)
    if dated.isEmpty { table.report("'hours' has no hours; add 09:00-17:30", at: "hours") }
    let sorted = dated.sorted { $0.key < $1.key }.map { (from: $0.key, hours: $0.value) }
    return sorted.isEmpty ? [(0, .init(open: 0, close: 1))] : sorted
  }

  /// Hours by date.
  private static func dated(
    _ table: inout DocumentTable
  ) -> [Int: ExchangeCalendarRules.LocalHours] {
    var result: [Int: ExchangeCalendarRules.LocalHours] = [:]
    for key in table.keys {
      let hours = table.value(key, .hours)
      if let date = CivilDate(key) {
        result[date.daysSinceEpoch] = hours
      } else {
        table.report("'\(key)' is not a date; write it like 2024-12-24", at: key)
      }
    }
    return result
  }
}

extension ExchangeCalendar {
  /// The calendar of a file, YAML or JSON.
  ///
  ///     let seoul = try ExchangeCalendar(file: "calendars/xkrx.yaml")
  ///     let samsung = try BarSeries(csv: "005930.csv", calendar: seoul)
  ///
  /// - Throws: everything that is wrong with it, each with its line.
  public init(file path: String) throws(DocumentError) { self = try CalendarFile.read(path) }
}

extension DocumentRule where Value == String {
  fileprivate static var calendarName: DocumentRule {
    text("a name that no other calendar has", placeholder: "") { text in
      TradingCalendars.named(text) == nil && !text.isEmpty ? text : nil
    }
  }
}

extension DocumentRule where Value == CivilDate {
  /// A date whose sessions can be held as timestamps.
  fileprivate static var sessionDate: DocumentRule {
    let placeholder = CivilDate(unchecked: 2000, 1, 1)
    return text("a date from 1700-01-01 to 2250-12-31", placeholder: placeholder) { text in
      CivilDate(text).flatMap { (1_700...2_250).contains($0.year) ? $0 : nil }
    }
  }
}

extension DocumentRule where Value == Int {
  /// A day of the week, Monday as 0.
  fileprivate static var weekday: DocumentRule {
    let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    return word(
      of: names, placeholder: 0, parse: { names.firstIndex(of: $0) }, write: { .text(names[$0]) })
  }
}

extension DocumentRule where Value == TimeZoneTable {
  fileprivate static var timeZone: DocumentRule {
    var rule = text(
      "a time zone such as Europe/London or UTC",
      placeholder: TimeZoneTable(name: "UTC", secondsEast: 0)
    ) { try? TimeZoneFiles.zone($0) }
    rule.advice = { node in
      guard case .text(let text) = node.content else { return nil }
      do throws(TimeZoneError) {
        _ = try TimeZoneFiles.zone(text)
        return nil
      } catch {
        return error.description
      }
    }
    return rule
  }
}

extension DocumentRule where Value == ExchangeCalendarRules.LocalHours {
  /// `09:00-17:30`, or two stretches with a lunch break between them. A session that does not open
  /// before its close opens on the day before.
  fileprivate static var hours: DocumentRule {
    text(
      "hours such as 09:00-17:30, or 09:00-11:30 12:30-15:30 with a lunch break",
      placeholder: .init(open: 0, close: 1)
    ) { text in
      let stretches = text.split { $0 == " " || $0 == "," }.map { $0.split(separator: "-") }
      guard (1...2).contains(stretches.count), stretches.allSatisfy({ $0.count == 2 }) else {
        return nil
      }
      var minutes: [Int] = []
      for part in stretches.joined() {
        guard let minute = minuteOfDay(part) else { return nil }
        minutes.append(minute)
      }
      // Everything before the first step back in time is on the day before.
      if let step = minutes.indices.dropFirst().last(where: { minutes[$0] <= minutes[$0 - 1] }) {
        for index in 0..<step { minutes[index] -= 1_440 }
      }
      guard zip(minutes, minutes.dropFirst()).allSatisfy({ $0 < $1 }) else { return nil }
      let pause = minutes.count == 4 ? minutes[1]..<minutes[2] : nil
      return .init(open: minutes[0], close: minutes[minutes.count - 1], pause: pause)
    }
  }

  private static func minuteOfDay(_ text: Substring) -> Int? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 }), let hour = Int(parts[0]),
      let minute = Int(parts[1]), (0...59).contains(minute), hour >= 0,
      hour * 60 + minute <= 1_440
    else { return nil }
    return hour * 60 + minute
  }
}
