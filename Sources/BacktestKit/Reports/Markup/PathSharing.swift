extension MarkupWriter {
  /// What was written, each long path once: where the same one comes again, it is referred to.
  ///
  /// Anchors of sections hold no underscore, so the names of paths are none of theirs.
  func bytesSharingPaths() -> [UInt8] {
    var counts: [ArraySlice<UInt8>: Int] = [:]
    for place in longPaths { counts[bytes[place], default: 0] += 1 }
    guard counts.values.contains(where: { $0 > 1 }) else { return bytes }
    var names: [ArraySlice<UInt8>: Int] = [:]
    var written: [UInt8] = []
    written.reserveCapacity(bytes.count)
    var end = 0
    for place in longPaths {
      let path = bytes[place]
      guard counts[path] ?? 0 > 1 else { continue }
      written += bytes[end..<place.lowerBound]
      end = place.upperBound
      if let name = names[path] {
        // The class lets the script find it.
        let quote = UInt8(ascii: "\"")
        let style = path.split(separator: quote, maxSplits: 2, omittingEmptySubsequences: false)[1]
        written += "<use class=\"".utf8
        written += style
        written += "\" href=\"#_\(name)\"/>".utf8
      } else {
        names[path] = names.count + 1
        written += "<path id=\"_\(names.count)\"".utf8
        written += path.dropFirst("<path".utf8.count)
      }
    }
    return written + bytes[end...]
  }
}
