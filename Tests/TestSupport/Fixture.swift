import Glibc

/// Files that the tests read.
package enum Fixture {
  /// The path of a file below `Fixtures/`.
  package static func path(_ name: String) -> String {
    let parts = #filePath.split(separator: "/")
    return "/" + parts.dropLast(3).joined(separator: "/") + "/Fixtures/" + name
  }

  /// The bytes of a file below `Fixtures/`.
  package static func bytes(_ name: String) throws -> [UInt8] {
    guard let file = fopen(path(name), "rb") else { throw Missing(name: name) }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&chunk, 1, chunk.count, file), count > 0 {
      bytes += chunk[0..<count]
    }
    return bytes
  }

  /// The text of a file below `Fixtures/`.
  package static func text(_ name: String) throws -> String {
    String(decoding: try bytes(name), as: UTF8.self)
  }

  /// The lines of a text file, split into fields at commas, header first.
  package static func table(_ name: String) throws -> [[Substring]] {
    try text(name).split(separator: "\n").map { line in
      line.split(separator: ",", omittingEmptySubsequences: false)
    }
  }

  package struct Missing: Error {
    package var name: String

    package init(name: String) {
      self.name = name
    }
  }
}
