extension MarkupWriter {
  /// What was written, each long path once: where the same one comes again, it is referred to.
  ///
  /// Anchors of sections hold no underscore, so the names of paths are none of theirs.
  func bytesSharingPaths() -> [UInt8] {
    let firsts = longPaths.indices.map { place in
      longPaths[..<place].firstIndex { bytes.equal($0, longPaths[place]) }
    }
    guard firsts.contains(where: { $0 != nil }) else { return bytes }
    let shared = Set(firsts.compactMap(\.self)).sorted()
    var written: [UInt8] = []
    written.reserveCapacity(bytes.count)
    var end = 0
    for (place, range) in longPaths.enumerated() {
      guard let name = shared.firstIndex(of: firsts[place] ?? place) else { continue }
      written += bytes[end..<range.lowerBound]
      end = range.upperBound
      let path = bytes[range]
      if firsts[place] == nil {
        written += "<path id=\"_\(name + 1)\"".utf8
        written += path.dropFirst("<path".utf8.count)
      } else {
        // The class lets the script find it.
        let quote = UInt8(ascii: "\"")
        let style = path.split(separator: quote, maxSplits: 2, omittingEmptySubsequences: false)[1]
        written += "<use class=\"".utf8
        written += style
        written += "\" href=\"#_\(name + 1)\"/>".utf8
      }
    }
    return written + bytes[end...]
  }
}

extension [UInt8] {
  /// Whether two ranges hold the same bytes.
  fileprivate func equal(_ a: Range<Int>, _ b: Range<Int>) -> Bool {
    a.count == b.count && self[a].elementsEqual(self[b])
  }
}
