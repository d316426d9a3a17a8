internal import Glibc

/// Reads YAML and JSON documents into trees.
///
/// One document a file. Anchors, aliases, tags and keys given twice are refused, and so is what
/// is too large or too deep, so a hostile file costs little and a careless one is noticed.
package enum DocumentReader {
  /// The language of a document.
  package enum Format: Sendable { case yaml, json }

  /// The most bytes a document may have.
  static let byteLimit = 16 << 20
  /// The most values, tables and lists included, a document may have.
  package static let nodeLimit = 1_000_000
  /// How deep tables and lists may nest.
  static let depthLimit = 64

  /// Reads a file; one whose name ends in `.json` is JSON, any other is YAML.
  package static func read(path: String) throws(DocumentError) -> DocumentNode {
    let bytes = try contents(of: path)
    return try read(bytes, name: path, format: path.hasSuffix(".json") ? .json : .yaml)
  }

  /// Reads a file of a policy, which must be one on a disk: a pipe or a device may never end.
  package static func read(file path: String) throws(DocumentError) -> DocumentNode {
    guard !FolderTree.isSpecial(path) else {
      throw DocumentError(
        at: DocumentPlace(source: path), "cannot read the file: it is a pipe or a device")
    }
    return try read(path: path)
  }

  /// Reads the bytes of a document; `name` is what messages call it.
  package static func read(
    _ bytes: [UInt8], name: String, format: Format
  ) throws(DocumentError) -> DocumentNode {
    guard bytes.count <= byteLimit else { throw tooLarge(name) }
    switch format {
    case .yaml: return try YAMLReader.read(bytes, name: name)
    case .json: return try JSONReader.read(bytes, name: name)
    }
  }

  /// The error for a table or list inside too many others.
  static func tooDeep(_ place: DocumentPlace) -> DocumentError {
    DocumentError(at: place, "tables and lists nest more than \(depthLimit) deep; flatten them")
  }

  /// The error for a document of too many values.
  static func tooMany(_ place: DocumentPlace) -> DocumentError {
    DocumentError(
      at: place, "the document has more than \(nodeLimit) values; keep data in files of their own")
  }

  /// The error for a key that its table already has.
  static func duplicate(
    _ key: String, at place: DocumentPlace, first: DocumentPlace
  ) -> DocumentError {
    DocumentError(
      at: place, keyPath: key,
      "key \(quotedForMessage(key)) is given twice, first in line \(first.line); remove one of them"
    )
  }

  private static func tooLarge(_ name: String) -> DocumentError {
    DocumentError(
      at: DocumentPlace(source: name),
      "the document is larger than \(byteLimit >> 20) MB; keep data in files of their own")
  }

  private static func contents(of path: String) throws(DocumentError) -> [UInt8] {
    func failure() -> DocumentError {
      DocumentError(
        at: DocumentPlace(source: path), "cannot read the file: \(String(cString: strerror(errno)))"
      )
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure() }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw failure()
      }
      if count == 0 { return bytes }
      bytes += chunk[0..<count]
      guard bytes.count <= byteLimit else { throw tooLarge(path) }
    }
  }
}

/// The keys of a table under construction, to find one that is given twice.
struct TableKeys {
  private var places: [String: DocumentPlace] = [:]

  /// Adds a key, or refuses one that is there.
  mutating func add(_ key: String, at place: DocumentPlace) throws(DocumentError) {
    if let first = places.updateValue(place, forKey: key) {
      throw DocumentReader.duplicate(key, at: place, first: first)
    }
  }
}
