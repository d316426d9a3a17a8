public import BacktestCore

/// How much a strategy's decisions depend on the bars before the first of them.
///
/// The same period is run several times, with data that begins later and later. Recursive
/// indicators such as an exponential average never forget where they began, so that with too few
/// bars before the first decision a strategy decides something else than it would with all of them.
///
///     let sensitivity = try WarmupSensitivity(definition, parameters, on: universe)
///     for run in sensitivity.runs { print(run.historyBars, run.largestWeightDifference) }
public struct WarmupSensitivity: Sendable {
  /// The bars before the first decision that the strategy asks for, or the configuration.
  public let warmup: Int
  /// The bars before the first decision in the run with all of them.
  public let longestHistory: Int
  /// The runs with fewer, in ascending order of their history.
  public let runs: [Run]

  /// A run with data that begins later, beside the run with all bars.
  public struct Run: Hashable, Sendable {
    /// The bars before the first decision.
    public let historyBars: Int
    /// The decisions of both runs.
    public let decisionCount: Int
    /// The decisions before which the weights held differ by more than a millionth of equity.
    public let differingCount: Int
    /// The largest difference of a weight held, as a fraction of equity.
    public let largestWeightDifference: Double
    /// The last decision before which weights differ by more than a millionth; `nil` where none do.
    public let lastDifference: Timestamp?
    /// The total return with this history, a fraction.
    public let totalReturn: Double?
    /// The total return with all bars, a fraction.
    public let totalReturnWithAllBars: Double?
    /// The annual Sharpe ratio with this history.
    public let sharpe: Double?
    /// The annual Sharpe ratio with all bars.
    public let sharpeWithAllBars: Double?
  }

  /// Runs a strategy with histories of several lengths.
  ///
  /// - Parameters:
  ///   - definition: makes the strategy anew for each run.
  ///   - parameters: with which it is made.
  ///   - universe: the market.
  ///   - configuration: the rules of the runs; a window is left out.
  ///   - histories: bars before the first decision; `nil` takes 1, 2, 4 and 8 times the warm-up, as
  ///     far as they leave half of the bars, and at least 20.
  /// - Throws: `LookaheadError` when the strategy cannot run, or no history leaves bars to decide
  ///   on.
  public init(
    _ definition: StrategyDefinition, _ parameters: StrategyParameters, on universe: Universe,
    configuration: BacktestConfiguration = BacktestConfiguration(), histories: [Int]? = nil
  ) throws(LookaheadError) {
    let feed = Feed(universe)
    do throws(ConfigurationError) {
      try configuration.validate(for: universe)
    } catch {
      throw .configuration(error)
    }
    let trial = HistoryTrial(
      definition: definition, parameters: parameters, configuration: configuration,
      universe: universe)
    let own = try trial.strategy(for: universe).warmup
    warmup = configuration.warmup ?? own
    let bars = feed.instants.count
    let base = max(warmup, 20)
    let wanted = (histories ?? [base, 2 * base, 4 * base, 8 * base].filter { $0 * 2 <= bars })
      .filter { $0 >= 0 && $0 + 2 < bars }
    let shorter = Set(wanted).sorted()
    guard let longest = shorter.last else {
      throw .tooFewBars(available: bars, warmup: base)
    }
    // One more than the longest, so that it can be judged as well.
    longestHistory = histories == nil ? max(longest, bars / 2) : longest
    let first = feed.instants[longestHistory]
    let whole = try trial.run(on: universe, deciding: first)
    var runs: [Run] = []
    for history in shorter where history < longestHistory {
      let start = feed.instants[longestHistory - history]
      runs.append(
        Run(
          historyBars: history, try trial.run(on: universe.starting(at: start), deciding: first),
          beside: whole))
    }
    self.runs = runs
  }
}

/// One strategy over data that begins at different times.
private struct HistoryTrial {
  let definition: StrategyDefinition
  let parameters: StrategyParameters
  let configuration: BacktestConfiguration
  let universe: Universe

  /// What a run held before each decision, and what it came to.
  struct Outcome {
    var times: [Timestamp] = []
    /// Decision by decision the weight of each instrument.
    var weights: [Double] = []
    var totalReturn: Double?
    var sharpe: Double?
  }

  func strategy(for universe: Universe) throws(LookaheadError) -> any Strategy {
    do throws(StrategyError) {
      return try definition.make(parameters, for: universe)
    } catch {
      throw .strategy(error)
    }
  }

  /// A run whose first decision is at an instant, whatever bars come before it.
  func run(on universe: Universe, deciding first: Timestamp) throws(LookaheadError) -> Outcome {
    let strategy = try strategy(for: universe)
    let feed = Feed(universe)
    var configuration = configuration
    let place = feed.instants.firstIndex(of: first) ?? 0
    configuration.warmup = nil
    configuration.window = (place + 1)..<feed.instants.count
    return drive(Engine(feed: feed, configuration: configuration), by: strategy)
  }

  private func drive<S: Strategy>(_ engine: Engine, by strategy: S) -> Outcome {
    var (engine, strategy, outcome) = (engine, strategy, Outcome())
    strategy.onStart(&engine.trading)
    loop: while true {
      switch engine.advance() {
      case .bars:
        while let fill = engine.nextUnreportedFill() { strategy.onFill(fill, &engine.trading) }
        if !engine.trading.isWarmingUp {
          outcome.times.append(engine.bars.time)
          for index in universe.series.indices {
            outcome.weights.append(engine.trading.weight(InstrumentID(index)))
          }
        }
        strategy.onBars(engine.bars, &engine.trading)
      case .timer(let tag): strategy.onTimer(tag, &engine.trading)
      case .finished: break loop
      }
    }
    let metrics = engine.result(strategy: definition.name).metrics
    outcome.totalReturn = metrics.totalReturn
    outcome.sharpe = metrics.sharpe
    return outcome
  }
}

extension WarmupSensitivity.Run {
  fileprivate init(
    historyBars: Int, _ run: HistoryTrial.Outcome, beside whole: HistoryTrial.Outcome
  ) {
    self.historyBars = historyBars
    let count = min(run.times.count, whole.times.count)
    let width = count > 0 ? run.weights.count / run.times.count : 0
    var differing = 0
    var largest = 0.0
    var last: Timestamp?
    for decision in 0..<count {
      var difference = 0.0
      for place in (decision * width)..<((decision + 1) * width) {
        difference = max(difference, abs(run.weights[place] - whole.weights[place]))
      }
      largest = max(largest, difference)
      guard difference > 1e-6 else { continue }
      differing += 1
      last = run.times[decision]
    }
    decisionCount = count
    differingCount = differing
    largestWeightDifference = largest
    lastDifference = last
    totalReturn = run.totalReturn
    totalReturnWithAllBars = whole.totalReturn
    sharpe = run.sharpe
    sharpeWithAllBars = whole.sharpe
  }
}
