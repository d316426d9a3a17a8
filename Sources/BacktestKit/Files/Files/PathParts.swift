internal import Glibc

/// The folder of a file's path; `.` where the path is a name alone.
package func folderPath(of path: String) -> String {
  guard let slash = path.lastIndex(of: "/") else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// The last part of a path.
package func lastPathComponent(of path: String) -> String {
  path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
}

/// The way from one folder to another, so that a tree that moves as a whole keeps its links.
package func relativePath(from start: String, to end: String) -> String {
  let from = absoluteParts(start)
  let to = absoluteParts(end)
  let common = zip(from, to).prefix { $0 == $1 }.count
  let way = Array(repeating: "..", count: from.count - common) + to[common...]
  return way.isEmpty ? "." : way.joined(separator: "/")
}

/// The folders down to a path. What is there is followed through its links, because `..` goes by
/// the disk and not by the text.
private func absoluteParts(_ path: String) -> [String] {
  var (present, missing) = (path.isEmpty ? "." : path, [String]())
  while true {
    if let real = realpath(present, nil) {
      defer { free(real) }
      var parts = String(cString: real).split(separator: "/").map(String.init)
      for part in missing.reversed() where part != "." {
        if part == ".." { _ = parts.popLast() } else { parts.append(part) }
      }
      return parts
    }
    var parts = present.split(separator: "/")
    guard let last = parts.popLast() else { return missing.reversed() }
    missing.append(String(last))
    present = (present.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
    if present.isEmpty { present = "." }
  }
}

/// A word as a shell takes it.
package func shellWord(_ word: String) -> String {
  let plain = word.utf8.allSatisfy { byte in
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "_-./=,:+@%".utf8.contains(byte)
    }
  }
  return plain && !word.isEmpty ? word : "'\(word.replacing("'", with: "'\\''"))'"
}
