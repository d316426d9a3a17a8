/// The names that somebody may have meant by a name that does not exist, nearest first: those that
/// differ by at most a third of the letters, and those that contain it or begin with it.
func closestNames(to wanted: String, among names: [String], limit: Int = 3) -> [String] {
  let target = Array(wanted.lowercased().utf8)
  guard !target.isEmpty else { return [] }
  let ranked = names.enumerated().compactMap { position, name -> (Int, Int, String)? in
    let candidate = Array(name.lowercased().utf8)
    let distance = editDistance(target, candidate)
    if distance <= max(1, max(target.count, candidate.count) / 3) {
      return (distance, position, name)
    }
    let contains = name.lowercased().contains(wanted.lowercased())
    return contains && target.count >= 3 ? (candidate.count, position, name) : nil
  }
  return ranked.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.prefix(limit).map(\.2)
}

/// The number of letters to insert, delete, replace or swap with a neighbour to turn `a` into `b`.
private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
  var beforeLast: [Int] = []
  var last = Array(0...b.count)
  for i in a.indices {
    var row = [i + 1]
    for j in b.indices {
      var best = min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
        best = min(best, beforeLast[j - 1] + 1)
      }
      row.append(best)
    }
    beforeLast = last
    last = row
  }
  return last[b.count]
}
