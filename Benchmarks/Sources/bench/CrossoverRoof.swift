import BacktestKit

/// The account of a moving-average crossover kept directly on arrays: the least work by which its
/// equity can be known, and so the roof over every engine's figure.
///
/// From the bar with the number of the slow period on, the fast average above the slow one means
/// long, below it means flat, and equal keeps what is held. A change trades a fixed size at the
/// next open, with slippage and commission as fractions of the price.
struct CrossoverRoof {
  var fast = 10
  var slow = 50
  var size = 100.0
  var cash = 1_000_000.0
  var commission = 1e-4
  var slippage = 1e-4

  struct Outcome {
    var equity: Double
    var fills: Int
    /// The deepest fall from the highest equity so far, as a fraction; zero or negative.
    var drawdown: Double
  }

  /// - Precondition: the columns have one length.
  func run(open: Column<Double>, close: Column<Double>) -> Outcome {
    precondition(open.count == close.count, "the columns have different lengths")
    return open.withUnsafeBufferPointer { open in
      close.withUnsafeBufferPointer { close in
        guard let open = open.baseAddress, let prices = close.baseAddress else {
          return Outcome(equity: cash, fills: 0, drawdown: 0)
        }
        return run(open: open, close: prices, count: close.count)
      }
    }
  }

  private func run(
    open: UnsafePointer<Double>, close: UnsafePointer<Double>, count: Int
  ) -> Outcome {
    let fastWeight = 1 / Double(fast)
    let slowWeight = 1 / Double(slow)
    var cash = cash
    var position = 0.0
    var pending = 0.0
    var fastSum = 0.0
    var slowSum = 0.0
    var peak = cash
    var outcome = Outcome(equity: cash, fills: 0, drawdown: 0)
    var bar = 0
    while bar < count {
      if pending != 0 {
        let notional = open[bar] * (1 + pending * slippage) * size
        cash -= pending * notional + notional * commission
        position += pending * size
        outcome.fills &+= 1
        pending = 0
      }
      let price = close[bar]
      fastSum += price
      slowSum += price
      if bar >= fast { fastSum -= close[bar &- fast] }
      if bar >= slow {
        slowSum -= close[bar &- slow]
        let difference = fastSum * fastWeight - slowSum * slowWeight
        if difference > 0 && position == 0 { pending = 1 }
        if difference < 0 && position > 0 { pending = -1 }
      }
      outcome.equity = cash + position * price
      peak = max(peak, outcome.equity)
      outcome.drawdown = min(outcome.drawdown, outcome.equity / peak - 1)
      bar &+= 1
    }
    return outcome
  }
}
