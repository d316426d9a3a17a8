/// The valid name that a mistyped one most likely means.
package enum NearestName {
  /// The nearest of `names` to `word`, or `nil` when none is near.
  ///
  /// Case, `-` and `_` do not count. A name is near when at most a third of its characters (at
  /// least one) must be added, dropped, replaced or swapped with a neighbour. The first of
  /// equally near names wins.
  package static func find(_ word: String, among names: some Sequence<String>) -> String? {
    // Longer words are no slip of the fingers; the bound keeps hostile input cheap.
    guard word.utf8.count <= 64 else { return nil }
    let wanted = folded(word)
    guard !wanted.isEmpty else { return nil }
    var best: (name: String, distance: Int)?
    for name in names {
      let candidate = folded(name)
      let limit = max(1, max(wanted.count, candidate.count) / 3)
      guard abs(candidate.count - wanted.count) <= limit else { continue }
      let distance = distance(wanted, candidate)
      // One letter for another says nothing when there is only one letter.
      guard distance <= limit, distance < max(wanted.count, candidate.count) else { continue }
      if best.map({ distance < $0.distance }) ?? true { best = (name, distance) }
    }
    return best?.name
  }

  /// The names that somebody may have meant, nearest first: those that differ by at most a third of
  /// the letters, and those that contain the word.
  package static func several(_ word: String, among names: [String], limit: Int = 3) -> [String] {
    let wanted = Array(word.lowercased().unicodeScalars)
    guard !wanted.isEmpty, wanted.count <= 64 else { return [] }
    let ranked = names.enumerated().compactMap { position, name -> (Int, Int, String)? in
      let candidate = Array(name.lowercased().unicodeScalars)
      let distance = distance(wanted, candidate)
      if distance <= max(1, max(wanted.count, candidate.count) / 3) {
        return (distance, position, name)
      }
      let contains = name.lowercased().contains(word.lowercased())
      return contains && wanted.count >= 3 ? (candidate.count, position, name) : nil
    }
    return ranked.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.prefix(limit).map(\.2)
  }

  /// Names for a message about a word that is none of them: all of a few, else those that are most
  /// like it, in their order, and how many others there are.
  package static func list(
    _ names: [String], near word: String, _ conjunction: String = "and", limit: Int = 5
  ) -> String {
    // One name is no longer than a word for it.
    guard names.count > limit + 1 else {
      guard names.count > 1, let last = names.last else { return names.first ?? "" }
      return "\(names.dropLast().joined(separator: ", ")) \(conjunction) \(last)"
    }
    let wanted = word.utf8.count <= 64 ? folded(word) : []
    let distances = names.map { distance(wanted, folded($0)) }
    let nearest = names.indices.sorted { (distances[$0], $0) < (distances[$1], $1) }
    let shown = nearest.prefix(limit).sorted().map { names[$0] }.joined(separator: ", ")
    let rest = names.count - limit
    return conjunction == "or"
      ? "\(shown) or one of \(rest) others"
      : "\(shown) and \(rest) more"
  }

  private static func folded(_ word: String) -> [Unicode.Scalar] {
    word.lowercased().unicodeScalars.filter { $0 != "-" && $0 != "_" }
  }

  /// The number of single edits, a swap of neighbours among them, from one word to the other.
  /// > F. J. Damerau, "A technique for computer detection and correction of spelling errors",
  /// > *Communications of the ACM* 7(3), 1964 (the restricted form).
  static func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
    var beforeLast = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var cost = min(row[j] + 1, last[j + 1] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
          cost = min(cost, beforeLast[j - 1] + 1)
        }
        row.append(cost)
      }
      (beforeLast, last) = (last, row)
    }
    return last[b.count]
  }
}
