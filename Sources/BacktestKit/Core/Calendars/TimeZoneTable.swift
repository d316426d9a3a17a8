/// The clock of a zone of the IANA time zone database: how far it is ahead of UTC, and when.
///
///     let london = try TimeZoneTable(name: "Europe/London", tzif: bytes)
///     london.secondsEast(at: time)                         // 3,600 in summer
///     london.timestamp(on: date, timeOfDay: .hours(8))     // 08:00 in London
package struct TimeZoneTable: Hashable, Sendable {
  /// The name, such as `Europe/London`.
  package let name: String
  /// The seconds since 1970 in UTC at which the clock changes, ascending.
  private let changes: [Int64]
  /// The seconds that the clock shows where the next offset begins: the later of the readings
  /// before and after the change, so that a repeated hour is its first.
  private let localChanges: [Int64]
  /// Seconds east of UTC: before the first change, then from each change on.
  private let offsets: [Int32]

  /// A zone from its changes; `nil` where they do not ascend or come too close together.
  ///
  /// - Precondition: there is one offset more than there are changes.
  package init?(name: String, changes: [Int64], offsets: [Int32]) {
    precondition(offsets.count == changes.count + 1, "an offset before and after each change")
    self.name = name
    self.changes = changes
    self.offsets = offsets
    localChanges = changes.indices.map { changes[$0] + Int64(max(offsets[$0], offsets[$0 + 1])) }
    func ascends(_ times: [Int64]) -> Bool { zip(times, times.dropFirst()).allSatisfy { $0 < $1 } }
    guard ascends(changes), ascends(localChanges) else { return nil }
  }

  /// A zone that is always as far ahead of UTC.
  package init(name: String, secondsEast: Int32) {
    self.name = name
    changes = []
    localChanges = []
    offsets = [secondsEast]
  }

  /// Seconds to add to UTC for what the clock shows at an instant.
  package func secondsEast(at time: Timestamp) -> Int {
    let second = time.nanoseconds.flooredQuotient(by: 1_000_000_000).quotient
    return Int(offsets[changes.count(upTo: second)])
  }

  /// Seconds to subtract from what the clock shows, given in seconds since 1970, for UTC.
  ///
  /// Of an hour that comes twice it is the first. An hour that the clock skips is read as on a
  /// clock that was not yet changed.
  package func secondsEast(atLocalSecond second: Int64) -> Int {
    Int(offsets[localChanges.count(upTo: second)])
  }

  /// The instant at which the clock shows a time of day on a date; the time may lie outside the
  /// date, as -7 h for 17:00 on the day before.
  package func timestamp(on date: CivilDate, timeOfDay: TimeSpan) -> Timestamp {
    let clock = date.midnight + timeOfDay
    let second = clock.nanoseconds.flooredQuotient(by: 1_000_000_000).quotient
    return clock - .seconds(Int64(secondsEast(atLocalSecond: second)))
  }

  /// The date that the clock shows at an instant.
  package func date(at time: Timestamp) -> CivilDate {
    (time + .seconds(Int64(secondsEast(at: time)))).utcDate
  }

  /// The digest of all that decides what the clock shows.
  package var digest: ContentDigest.Value {
    ContentDigest.of("\(name) \(changes) \(offsets)".utf8)
  }
}

extension [Int64] {
  /// How many of ascending values are at or below a bound.
  fileprivate func count(upTo bound: Int64) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if self[middle] <= bound { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

/// An invalid time zone.
package struct TimeZoneError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The zone as it was asked for.
  package var name: String
  /// What is wrong and what to do.
  package var reason: String

  package init(_ name: String, _ reason: String) {
    self.name = name
    self.reason = reason
  }

  /// The zone and what is wrong with it.
  package var description: String { "the time zone '\(name)' \(reason)" }
}
