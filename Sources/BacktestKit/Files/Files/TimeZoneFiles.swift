package import BacktestCore

/// The zones of the IANA time zone database that a machine has.
package enum TimeZoneFiles {
  /// Where Linux keeps them; the package tzdata installs them.
  package static let folder = "/usr/share/zoneinfo"

  /// The largest file that is read; those of the database have less than 4 KiB.
  private static var limit: Int { 1 << 16 }

  /// The zone of a name such as `Europe/London`.
  ///
  /// - Throws: `TimeZoneError` where there is none, or its file cannot be used.
  package static func zone(
    _ name: String, in folder: String = folder
  ) throws(TimeZoneError) -> TimeZoneTable {
    guard isName(name) else {
      throw TimeZoneError(name, "is no name of a zone; write it like Europe/London")
    }
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try FileBytes.read("\(folder)/\(name)", upTo: limit)
    } catch {
      let advice =
        fileExists(folder)
        ? "name a zone of the IANA database, such as Europe/London" : "install the package tzdata"
      throw TimeZoneError(name, "is not in \(folder) (\(error.reason)); \(advice)")
    }
    return try TimeZoneTable(name: name, tzif: bytes)
  }

  /// Whether a text can only be the name of a zone: words of letters, digits, `_`, `+` and `-` with
  /// slashes between them, so that it leads to no other folder.
  private static func isName(_ text: String) -> Bool {
    let words = text.split(separator: "/", omittingEmptySubsequences: false)
    return text.utf8.count <= 64 && words.count <= 3
      && words.allSatisfy { word in
        word.first?.isLetter == true
          && word.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte)
              || [0x5F, 0x2B, 0x2D].contains(byte)
          }
      }
  }
}
