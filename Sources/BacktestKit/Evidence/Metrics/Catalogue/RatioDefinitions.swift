internal import Glibc

extension Metrics {
  static let ratioDefinitions: [MetricDefinition] = [
    MetricDefinition(
      "sharpe", "Sharpe ratio", .ratio, higherIsBetter: true, needs: .calendar,
      "sqrt(B) x mean(r - rf) / sd(r - rf), n - 1 deviation (Sharpe, 1994)"
    ) { $0.sharpe },
    MetricDefinition(
      "sharpe-standard-error", "Standard error of the Sharpe ratio", .ratio, needs: .calendar,
      "sqrt(B) x sqrt((1 + S^2/2) / n), S the Sharpe ratio per bar (Lo, 2002)"
    ) { space in
      space.sharpePerBar.map { ((1 + $0 * $0 / 2) / space.count * space.barsPerYear).squareRoot() }
    },
    MetricDefinition(
      "psr", "Probabilistic Sharpe ratio", .fraction, higherIsBetter: true,
      "probability that the true Sharpe ratio is above 0: Phi(S sqrt(n - 1) / sqrt(1 - g3 S + "
        + "(g4 - 1)/4 S^2)), skewness g3, kurtosis g4 (Bailey, Lopez de Prado, 2012)"
    ) { $0.sharpeEstimate?.probability(above: 0) },
    MetricDefinition(
      "min-track-record", "Minimum track record", .bars, higherIsBetter: false,
      "bars from which the Sharpe ratio, were it to stay, is above 0 with 95 % confidence "
        + "(Bailey, Lopez de Prado, 2012)"
    ) { $0.sharpeEstimate?.minimumTrackRecord(above: 0) },
    MetricDefinition(
      "sharpe-lo", "Sharpe ratio (Lo)", .ratio, higherIsBetter: true, needs: .calendar,
      "S B / sqrt(B + 2 sum (B - k) rho_k) over the lags 1 to 5 (Lo, 2002)"
    ) { $0.sharpeLo },
    MetricDefinition(
      "sortino", "Sortino ratio", .ratio, higherIsBetter: true, needs: .calendar,
      "sqrt(B) x mean(r - MAR) / sqrt(mean(min(r - MAR, 0)^2)) over all n "
        + "(Sortino, van der Meer, 1991)"
    ) { $0.sortino },
    MetricDefinition(
      "sortino-negatives-only", "Sortino ratio (losing bars only)", .ratio, higherIsBetter: true,
      needs: .calendar, "the same, with the mean square over returns below MAR only"
    ) { $0.sortinoOfLosses },
    MetricDefinition(
      "calmar", "Calmar ratio", .ratio, higherIsBetter: true, needs: .calendar,
      "CAGR / |max drawdown| over the whole sample"
    ) { $0.calmar },
    MetricDefinition(
      "calmar-36-months", "Calmar ratio (36 months)", .ratio, higherIsBetter: true,
      needs: .calendar, "CAGR / |max drawdown| of the last 3 B returns (Young, 1991)"
    ) { $0.calmarOfThreeYears },
    MetricDefinition(
      "martin", "Martin ratio", .ratio, higherIsBetter: true, needs: .calendar,
      "(CAGR - annual rf) / ulcer index (Martin, McCann, 1989)"
    ) { space in
      guard let cagr = space.cagr,
        let free = space.sample.riskFree.compoundedAnnual(barsPerYear: space.barsPerYear)
      else { return nil }
      return RatioFormulas.quotient(cagr - free, space.ulcerIndex.withoutRounding())
    },
    MetricDefinition(
      "pain-ratio", "Pain ratio", .ratio, higherIsBetter: true, needs: .calendar,
      "CAGR / |mean of d|"
    ) { $0.perDrawdown(abs($0.meanUnderwater)) },
    MetricDefinition(
      "sterling", "Sterling ratio", .ratio, higherIsBetter: true, needs: .calendar,
      "CAGR / mean depth of the 5 deepest drawdowns"
    ) { space in
      let worst = space.worstFive
      return space.perDrawdown(worst.reduce(0, -) / Double(max(worst.count, 1)))
    },
    MetricDefinition(
      "burke", "Burke ratio", .ratio, higherIsBetter: true, needs: .calendar,
      "CAGR / sqrt(sum of squares of the 5 deepest drawdowns) (Burke, 1994)"
    ) { space in
      space.perDrawdown(space.worstFive.reduce(0) { $0 + $1 * $1 }.squareRoot())
    },
    MetricDefinition(
      "recovery-factor", "Recovery factor", .ratio, higherIsBetter: true,
      "total return / |max drawdown|"
    ) { RatioFormulas.quotient($0.growth - 1, abs($0.maxDrawdown.withoutRounding())) },
    MetricDefinition(
      "omega", "Omega ratio", .ratio, higherIsBetter: true,
      "sum of max(r - MAR, 0) / sum of max(MAR - r, 0) (Keating, Shadwick, 2002)"
    ) { space in
      space.sample.minimumPerBar.flatMap { target in
        target == 0
          ? space.outcomes.profitFactor
          : OutcomeTally(space.sample.returns.lazy.map { $0 - target }).profitFactor
      }
    },
    MetricDefinition(
      "kappa-3", "Kappa 3", .ratio, higherIsBetter: true,
      "mean(r - MAR) / (mean of max(MAR - r, 0)^3)^(1/3), per bar (Kaplan, Knowles, 2004)"
    ) { $0.kappaThree },
    MetricDefinition(
      "gain-to-pain", "Gain to pain", .ratio, higherIsBetter: true, needs: .dates,
      "sum of monthly returns / |sum of the negative ones| (Schwager)"
    ) { $0.gainToPain },
    MetricDefinition(
      "gain-to-pain-bars", "Gain to pain (bars)", .ratio, higherIsBetter: true,
      "sum of r / |sum of negative r|"
    ) { $0.outcomes.profitFactor.map { $0 - 1 } },
    MetricDefinition(
      "kelly-continuous", "Kelly leverage", .ratio,
      "mean(r - rf) / variance, n - 1 (Thorp, 2006)"
    ) { space in
      space.excess.flatMap { excess in
        RatioFormulas.quotient(excess.mean, excess.deviation().map { $0 * $0 })
      }
    },
  ]
}

extension MetricWorkspace {
  /// The Sharpe ratio of one bar with its shape; `nil` of a ruined account, which has none.
  fileprivate var sharpeEstimate: SharpeEstimate? {
    guard sample.ruinedAt == nil else { return nil }
    return excess.flatMap { SharpeEstimate($0, moments) }
  }

  fileprivate var worstFive: [Double] { Drawdown.deepest(5, of: episodes).map(\.depth) }

  fileprivate func perDrawdown(_ size: Double) -> Double? {
    cagr.flatMap { RatioFormulas.quotient($0, size.withoutRounding()) }
  }

  fileprivate var sharpeLo: Double? {
    guard let ratio = sharpePerBar, let correlations = autocorrelations(5) else { return nil }
    let horizon = barsPerYear
    let sum = correlations.enumerated().reduce(0.0) {
      $0 + (horizon - Double($1.offset + 1)) * $1.element
    }
    let variance = horizon + 2 * sum
    return variance > 0 ? ratio * horizon / variance.squareRoot() : nil
  }

  fileprivate var sortinoOfLosses: Double? {
    guard let target = sample.minimumPerBar else { return nil }
    return RatioFormulas.annualizedRatio(
      dispersion.mean - target, lossDeviation, barsPerYear: barsPerYear)
  }

  fileprivate var calmarOfThreeYears: Double? {
    let wanted = (3 * barsPerYear).rounded()
    let count = wanted < Double(sample.count) ? Int(wanted) : sample.count
    guard count > 1 else { return nil }
    let window = sample.wealth.suffix(count + 1)
    let cagr = RatioFormulas.annualized(
      growth: (window.last ?? 1) / (window.first ?? 1), count: count, barsPerYear: barsPerYear)
    return RatioFormulas.calmar(cagr: cagr, maxDrawdown: RunningDrawdown.deepest(of: window))
  }

  fileprivate var kappaThree: Double? {
    guard let target = sample.minimumPerBar else { return nil }
    let cubes = sample.returns.compensatedSum { value in
      let shortfall = max(target - value, 0)
      return shortfall * shortfall * shortfall
    }
    return RatioFormulas.quotient(
      dispersion.mean - target, cbrt(cubes / count).withoutRounding())
  }

  fileprivate var gainToPain: Double? {
    let months = calendarReturns?.months.map(\.value) ?? []
    return OutcomeTally(months).profitFactor.map { $0 - 1 }
  }
}
