package import BacktestCore
import BacktestFiles

extension CSVMapping {
  /// A zone, as far as stamps need one: its name and its distance from UTC.
  ///
  ///     mapping.zone = try .named("Europe/London")
  public struct StampZone: Sendable {
    /// The name, by which a cached file knows the zone again.
    public var name: String
    /// Seconds to subtract from a local time, given in seconds since 1970 as its clock shows, to
    /// have UTC: -18,000 in New York in winter.
    public var secondsEast: @Sendable (_ localSeconds: Int64) -> Int
    /// What tells two rules of one name apart in a cache.
    var version = ""

    /// A zone with its own rule.
    public init(name: String, secondsEast: @escaping @Sendable (_ localSeconds: Int64) -> Int) {
      self.name = name
      self.secondsEast = secondsEast
    }

    /// UTC.
    public static let utc = StampZone.fixed(secondsEast: 0)

    /// A zone at a fixed distance east of UTC.
    public static func fixed(secondsEast: Int) -> StampZone {
      StampZone(name: "UTC\(secondsEast < 0 ? "" : "+")\(secondsEast)") { _ in secondsEast }
    }

    /// The clock of New York, by the law of the United States.
    static let newYork = StampZone(name: "America/New_York") { local in
      // The local clock read as if it were UTC names the local day and hour.
      let clock = Timestamp(seconds: local)
      let time = clock - clock.utcDate.midnight
      let instant = NewYorkTime(clock.utcDate, timeOfDay: time).timestamp
      return Int((clock - instant).nanoseconds / 1_000_000_000)
    }

    /// A zone of the IANA time zone database by its name, such as `Europe/London`, or `UTC`.
    ///
    /// The rules are those of the machine, in `/usr/share/zoneinfo`, save those of
    /// `America/New_York`, which are part of BacktestKit. Of an hour that comes twice it is the
    /// first; an hour that the clock skips is read as on a clock that was not yet changed.
    ///
    /// - Throws: `DataError` where the machine has no such zone, or its file is damaged.
    public static func named(_ name: String) throws(DataError) -> StampZone {
      do throws(TimeZoneError) {
        return try found(name)
      } catch {
        throw DataError(.badTime, file: name, error.description)
      }
    }

    /// A zone by its name, as `named` finds it.
    package static func found(_ name: String) throws(TimeZoneError) -> StampZone {
      if name == "UTC" || name == "Z" { return .utc }
      if name == newYork.name { return newYork }
      let table = try TimeZoneFiles.zone(name)
      var zone = StampZone(name: name) { table.secondsEast(atLocalSecond: $0) }
      zone.version = table.digest.hexadecimal
      return zone
    }
  }
}
