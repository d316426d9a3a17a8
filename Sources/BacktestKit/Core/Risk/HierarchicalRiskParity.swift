/// Hierarchical risk parity: instruments are ordered by a tree of their correlations, and variance
/// is divided between the halves of that order, again and again.
///
/// > M. López de Prado, "Building Diversified Portfolios that Outperform Out of Sample",
/// > J. Portfolio Management 42(4), 2016.
enum HierarchicalRiskParity {
  static func weights(_ covariance: CovarianceMatrix) -> [Double] {
    let order = clusterOrder(covariance)
    var weights = [Double](repeating: 1, count: covariance.count)
    var parts = [order[...]]
    while let part = parts.popLast() {
      guard part.count > 1 else { continue }
      let middle = part.startIndex + part.count / 2
      let (left, right) = (part[..<middle], part[middle...])
      let (a, b) = (variance(covariance, of: left), variance(covariance, of: right))
      let share = 1 - a / (a + b)
      for index in left { weights[index] *= share }
      for index in right { weights[index] *= 1 - share }
      parts += [left, right]
    }
    return weights
  }

  /// The variance of some instruments, each weighted by the inverse of its own.
  private static func variance(_ covariance: CovarianceMatrix, of part: ArraySlice<Int>) -> Double {
    let inverses = part.map { 1 / covariance[$0, $0] }
    let total = inverses.reduce(0, +)
    var variance = 0.0
    for (row, a) in zip(part, inverses) {
      for (column, b) in zip(part, inverses) { variance += a * b * covariance[row, column] }
    }
    return variance / (total * total)
  }

  /// The instruments in the order of the leaves of a single-linkage tree, whose distances are those
  /// between whole columns of sqrt((1 - correlation) / 2). Of two joined clusters the one that was
  /// made earlier is on the left.
  static func clusterOrder(_ covariance: CovarianceMatrix) -> [Int] {
    let size = covariance.count
    let edges = spanningTree(columnDistances(covariance), size: size)
      .sorted { ($0.length, $0.number) < ($1.length, $1.number) }
    // Clusters are numbered as they are made: first the instruments, then one for each edge.
    var leaves = (0..<size).map { [$0] }
    var cluster = Array(0..<size)
    for edge in edges {
      let (a, b) = (cluster[edge.a], cluster[edge.b])
      leaves.append(leaves[min(a, b)] + leaves[max(a, b)])
      for leaf in leaves[leaves.count - 1] { cluster[leaf] = leaves.count - 1 }
    }
    return leaves[leaves.count - 1]
  }

  private static func columnDistances(_ covariance: CovarianceMatrix) -> [Double] {
    let size = covariance.count
    let direct = ReturnsWindow(
      count: size,
      values: (0..<size * size).map {
        max(0, (1 - covariance.correlation($0 / size, $0 % size)) / 2).squareRoot()
      })
    var distances = [Double](repeating: 0, count: size * size)
    for a in 0..<size {
      for b in 0..<a {
        var sum = 0.0
        for (x, y) in zip(direct[a], direct[b]) { sum += (x - y) * (x - y) }
        distances[a * size + b] = sum.squareRoot()
        distances[b * size + a] = distances[a * size + b]
      }
    }
    return distances
  }

  private struct Edge {
    var number: Int
    var a: Int
    var b: Int
    var length: Double
  }

  /// Prim's minimum spanning tree, from the first instrument.
  private static func spanningTree(_ distances: [Double], size: Int) -> [Edge] {
    var nearest = [Int](repeating: 0, count: size)
    var isIn = [Bool](repeating: false, count: size)
    isIn[0] = true
    var edges: [Edge] = []
    for number in 1..<max(size, 1) {
      var next = -1
      var length = Double.infinity
      for index in 0..<size where !isIn[index] {
        let distance = distances[nearest[index] * size + index]
        if distance < length { (next, length) = (index, distance) }
      }
      edges.append(Edge(number: number, a: nearest[next], b: next, length: length))
      isIn[next] = true
      for index in 0..<size where !isIn[index] {
        let known = distances[nearest[index] * size + index]
        if distances[next * size + index] < known { nearest[index] = next }
      }
    }
    return edges
  }
}
