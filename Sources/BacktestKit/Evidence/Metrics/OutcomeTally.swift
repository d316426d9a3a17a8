/// How often and how much a series of gains and losses won and lost; zero is neither.
struct OutcomeTally {
  private(set) var count = 0
  private(set) var wins = 0
  private(set) var losses = 0
  private(set) var longestWinStreak = 0
  private(set) var longestLossStreak = 0
  private var winSum = CompensatedSum()
  private var lossSum = CompensatedSum()

  /// The tally of some outcomes in order of time.
  init(_ outcomes: some Sequence<Double>) {
    var winStreak = 0
    var lossStreak = 0
    for outcome in outcomes {
      count += 1
      winStreak = outcome > 0 ? winStreak + 1 : 0
      lossStreak = outcome < 0 ? lossStreak + 1 : 0
      longestWinStreak = max(longestWinStreak, winStreak)
      longestLossStreak = max(longestLossStreak, lossStreak)
      if outcome > 0 {
        wins += 1
        winSum.add(outcome)
      } else if outcome < 0 {
        losses += 1
        lossSum.add(outcome)
      }
    }
  }

  /// Outcomes that were exactly zero.
  var zeros: Int { count - wins - losses }
  /// The sum of all gains.
  var gained: Double { winSum.value }
  /// The sum of all losses, positive.
  var lost: Double { -lossSum.value }
  /// The sum of everything over the number of outcomes.
  var expectancy: Double? { RatioFormulas.quotient(gained - lost, Double(count)) }
  /// wins / (wins + losses).
  var winRate: Double? { RatioFormulas.quotient(Double(wins), Double(wins + losses)) }
  /// The mean gain of a win.
  var averageWin: Double? { RatioFormulas.quotient(gained, Double(wins)) }
  /// The mean of the losses, negative.
  var averageLoss: Double? { RatioFormulas.quotient(-lost, Double(losses)) }
  /// The mean gain over the mean loss.
  var payoff: Double? {
    averageWin.flatMap { RatioFormulas.quotient($0, averageLoss?.magnitude.withoutRounding()) }
  }
  /// All gains over all losses.
  var profitFactor: Double? {
    guard count > 0, (lost / Double(count)).withoutRounding() != 0 else { return nil }
    return RatioFormulas.quotient(gained, lost)
  }
  /// W - (1 - W) / payoff: the share of capital that Kelly's rule stakes (Kelly, 1956).
  var kelly: Double? {
    guard let winRate, let loss = payoff.flatMap({ RatioFormulas.quotient(1 - winRate, $0) })
    else { return nil }
    return winRate - loss
  }
}
