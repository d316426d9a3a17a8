import BacktestKit
import Strategies

/// A search over 100 strategies on one market, run by the engine without costs.
enum NoiseSearch: String, CaseIterable {
  /// Crossovers of 10 fast and 10 slow averages, long or flat.
  case crossovers
  /// The same, long or short.
  case shortCrossovers = "crossovers-short"
  /// Positions at random that have nothing to do with each other.
  case unrelated
  /// One of the unrelated ones has an edge.
  case oneEdge = "one-edge"
  /// All follow one edge, from never to always, in equal steps.
  case sharedEdge = "shared-edge"

  static let strategies = 100
  private static let warmup = 240

  /// Runs a search.
  ///
  /// - Parameters:
  ///   - rows: the number of returns.
  ///   - edge: the annual Sharpe ratio of the planted edge; only the last two kinds have one.
  func run(rows: Int, seed: UInt64, edge: Double = 0) throws -> SearchVerdict {
    let count = Self.warmup + rows
    let planted = NoiseMarket.positions(count: count, seed: seed &* 1_000_003)
    let perBar = edge / 252.0.squareRoot()
    let series = try NoiseMarket.bars(count: count, seed: seed) { bar in planted[bar] * perBar }
    let feed = Feed(try Universe([series]))
    var trials: [[Double]] = []
    var trades: [Int] = []
    var ruined: [Bool] = []
    func add(_ result: BacktestResult) {
      let equity = Array(result.curve.equity)
      trials.append(zip(equity, equity.dropFirst()).map { $0 > 0 ? $1 / $0 - 1 : 0 })
      trades.append(result.trades.count { !$0.isOpen })
      ruined.append(equity.contains { $0 <= 0 })
    }
    var configuration = BacktestConfiguration()
    configuration.warmup = Self.warmup
    configuration.account.funding = .margin(leverage: 2)
    switch self {
    case .crossovers, .shortCrossovers:
      let shared = SharedSeries(feed)
      for fast in stride(from: 5, through: 50, by: 5) {
        for slow in stride(from: 60, through: 240, by: 20) {
          let strategy = SMACrossover(fast: fast, slow: slow, goesShort: self == .shortCrossovers)
          add(
            Backtest(strategy, on: feed, configuration: configuration, sharing: shared).run())
        }
      }
    case .unrelated, .oneEdge, .sharedEdge:
      for trial in 0..<Self.strategies {
        let positions = positions(trial, planted: planted, seed: seed)
        add(Backtest(ListedPositions(positions), on: feed, configuration: configuration).run())
      }
    }
    return try SearchVerdict(trials: trials, trades: trades, ruined: ruined, seed: seed)
  }

  private func positions(_ trial: Int, planted: [Double], seed: UInt64) -> [Double] {
    let own = NoiseMarket.positions(
      count: planted.count, seed: (seed &* 1_000_003) &+ UInt64(trial) &+ 1)
    switch self {
    case .oneEdge: return trial == 37 ? planted : own
    case .sharedEdge:
      // Follows the edge for a share of the hundreds of bars, at random for the rest.
      return planted.indices.map { bar in
        (bar * 37 + trial * 61) % Self.strategies < trial ? planted[bar] : own[bar]
      }
    default: return own
    }
  }
}

/// What gates say of the best strategy of a search.
struct SearchVerdict: Sendable {
  /// The annual Sharpe ratio of the best strategy.
  var annualSharpe: Double
  var hasTrades: Bool
  var psr: Double
  /// Deflated by each count of trials.
  var deflated: [TrialCount.Method: Double] = [:]
  var counts: [TrialCount.Method: Double] = [:]
  var overfitting: Double
  var superiority: Double

  init(trials: [[Double]], trades: [Int], ruined: [Bool], seed: UInt64) throws {
    var options = SearchEvidence.Options()
    options.draws = 200
    options.seed = seed
    options.threads = 1
    var summary = try SearchSummary(rows: trials[0].count)
    for returns in trials { try summary.add(returns) }
    let ratios = summary.ratios.map { $0.isFinite ? $0 : -.infinity }
    let best = ratios.indices.reduce(0) { ratios[$1] > ratios[$0] ? $1 : $0 }
    let evidence = try SearchEvidence(trials: trials, chosen: best, options: options)
    annualSharpe = ratios[best] * 252.0.squareRoot()
    hasTrades = trades[best] >= 30 && !ruined[best]
    psr = (try? evidence.chosenRatio.get().probability()) ?? 0
    overfitting = (try? evidence.overfitting.get().probability) ?? 1
    superiority = (try? evidence.superiority.get().studentised.consistent) ?? 1
    let all: [Result<TrialCount, StatisticAbsence>] = [
      .success(TrialCount(.counted, Double(trials.count))), evidence.effectiveTrials,
      evidence.effectiveRank,
    ]
    let chosen = try evidence.chosenRatio.get()
    let variance = try evidence.ratioVariance.get()
    for count in try all.map({ try $0.get() }) {
      counts[count.method] = count.value
      deflated[count.method] =
        try DeflatedSharpeRatio.estimate(chosen, variance: variance, trials: count).get()
        .probability
    }
  }

  func isDeflated(_ method: TrialCount.Method) -> Bool { (deflated[method] ?? 0) >= 0.95 }

  /// Whether the statistical rules of the default gate pass.
  var passesDefaultGate: Bool {
    hasTrades && isDeflated(.averageCorrelation) && overfitting <= 0.2
  }
}
