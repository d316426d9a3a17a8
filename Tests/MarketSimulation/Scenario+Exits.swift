import BacktestCore

extension ExitRules {
  /// Exits of all kinds, at distances that the bars of a scenario often reach.
  init(random: inout Randomness) {
    self.init()
    if random.oneIn(2) { stopLoss = .random(&random) }
    if random.oneIn(2) { takeProfit = .random(&random) }
    if random.oneIn(3) { trailingStop = .random(&random) }
    if random.oneIn(3) { breakEven = .random(&random) }
    if random.oneIn(3) {
      let count = 1 + random.nextInteger(below: 6)
      timeExit = random.oneIn(2) ? .bars(count) : .sessions(count)
    }
    if random.oneIn(3) {
      // All of a position, or parts of it beside its target.
      let shares = takeProfit == nil ? [0.25, 0.3, 0.5] : [0.25, 0.3, 0.4]
      scaleOut = (0...random.nextInteger(below: 2)).map { _ in
        PartialExit(at: .random(&random), share: random.pick(shares))
      }
    }
    rangeBars = random.pick([2, 5, 14])
    reentry = random.pick(ReentryRule.allCases)
  }
}

extension ExitDistance {
  fileprivate static func random(_ random: inout Randomness) -> ExitDistance {
    let steps = Double(1 + random.nextInteger(below: 8))
    return random.pick([.percent(steps / 2), .amount(steps / 4), .averageTrueRanges(steps / 4)])
  }
}

extension ScriptedRequest {
  /// Now and then a bracket as a ladder, whose targets are for parts of the entry.
  func asLadder(_ random: inout Randomness) -> ScriptedRequest {
    guard case .bracket(let entry, let exits) = self, random.oneIn(3) else { return self }
    var parts: [Order] = []
    for exit in exits {
      if case .stop = exit.kind {
        parts.append(exit)
      } else {
        for share in [0.5, random.pick([0.25, 0.5, 0.7])] {
          var part = exit
          part.quantity = (exit.quantity * share).rounded()
          if let price = exit.kind.limitPrice {
            part.kind = .limit(max(0.25, price + Double(random.nextInteger(below: 3)) / 4))
          }
          parts.append(part)
        }
      }
    }
    return .ladder(entry: entry, exits: parts)
  }
}
