import BacktestCore

/// The covariance matrix of the last simple returns of several instruments, with tail sums as in
/// `SimpleMovingAverage`: nothing is subtracted from a running sum.
///
/// A return spans from one instant at which all instruments closed to the next such instant.
struct CovarianceStream: Sendable {
  /// The returns of each instrument in a window.
  let period: Int
  /// The number of instruments.
  let count: Int
  /// The number of returns taken in.
  private(set) var returnCount = 0
  private let divisor: Double
  private let mask: Int
  /// The matrices of the last instants, lower triangles row by row.
  private var matrices: ContiguousArray<Double>
  /// By slot: this lap's differences from the pivots, then tail sums, of the returns and of their
  /// products.
  private var tails: ContiguousArray<Double>
  private var position = 0
  private var newer: ContiguousArray<Double>
  private var pivots: ContiguousArray<Double>
  private var closes: ContiguousArray<Double>
  private var returns: ContiguousArray<Double>

  /// The size of a slot: a sum for each instrument and for each pair.
  private var width: Int { count + pairCount }
  private var pairCount: Int { count * (count + 1) / 2 }

  /// A matrix over `period` returns whose last `depth` values can be read.
  init(_ period: Int, of divisor: RollingDeviation.Divisor, count: Int, depth: Int) {
    self.period = period
    self.count = count
    self.divisor = Double(divisor == .sample ? period - 1 : period)
    var size = 1
    while size < depth { size *= 2 }
    mask = size - 1
    let pairs = count * (count + 1) / 2
    matrices = ContiguousArray(repeating: .nan, count: size * pairs)
    tails = ContiguousArray(repeating: .nan, count: period * (count + pairs))
    newer = ContiguousArray(repeating: 0, count: count + pairs)
    pivots = ContiguousArray(repeating: 0, count: count)
    closes = ContiguousArray(repeating: .nan, count: count)
    returns = pivots
  }

  /// The covariance of two instruments, `age` returns before the newest.
  func value(_ row: Int, _ column: Int, age: Int) -> Double {
    let (high, low) = row > column ? (row, column) : (column, row)
    let slot = (returnCount &- 1 &- age) & mask
    return matrices[slot * pairCount + high * (high + 1) / 2 + low]
  }

  /// Takes in the closes of all instruments.
  mutating func update(_ close: (Int) -> Double) {
    let isFirst = closes[0].isNaN && returnCount == 0
    for asset in 0..<count {
      let now = close(asset)
      returns[asset] = now / closes[asset] - 1
      closes[asset] = now
    }
    if isFirst { return }
    add(returns, toSlot: position * width)
    position += 1
    if position == period { beginLap() }
    returnCount += 1
    measure()
  }

  /// Adds the newest returns' differences from the pivots to the newer sums, and keeps the returns
  /// in a slot.
  private mutating func add(_ returns: ContiguousArray<Double>, toSlot slot: Int) {
    var pair = count
    for asset in 0..<count {
      let difference = returns[asset] - pivots[asset]
      tails[slot + asset] = returns[asset]
      newer[asset] += difference
      for other in 0...asset {
        newer[pair] += difference * (returns[other] - pivots[other])
        pair += 1
      }
    }
  }

  /// Starts the ring over: the newest returns are the pivots, and slots hold tail sums.
  private mutating func beginLap() {
    for asset in 0..<count { pivots[asset] = returns[asset] }
    for index in newer.indices { newer[index] = 0 }
    for slot in stride(from: (period - 1) * width, through: 0, by: -width) {
      for asset in 0..<count { returns[asset] = tails[slot + asset] }
      add(returns, toSlot: slot)
      for sum in newer.indices { tails[slot + sum] = newer[sum] }
    }
    for index in newer.indices { newer[index] = 0 }
    position = 0
  }

  private mutating func measure() {
    let slot = position * width
    let matrix = ((returnCount - 1) & mask) * pairCount
    let number = Double(period)
    var pair = 0
    for asset in 0..<count {
      let sum = tails[slot + asset] + newer[asset]
      for other in 0...asset {
        let otherSum = tails[slot + other] + newer[other]
        let products = tails[slot + count + pair] + newer[count + pair]
        matrices[matrix + pair] = (products - sum * otherSum / number) / divisor
        pair += 1
      }
    }
  }
}
