import BacktestCore
import BacktestPolicies
import BacktestStudies

/// Draws the episodes of one environment: which bars, and at what costs.
struct EpisodeSampler {
  private let choice: EpisodeChoice
  private let randomised: RandomisedCosts
  private let configuration: BacktestConfiguration
  /// The instants of the first possible decision and of the last close.
  let first: Int
  let last: Int
  /// The instants at which episodes of each regime can begin.
  private let starts: [[Int]]

  /// What an episode is.
  struct Draw {
    /// The instant of the first decision, and the number of bars; `nil` is all bars.
    var window: (start: Int, length: Int)?
    /// The multiple of costs, and of slippage on top of that.
    var costs = 1.0
    var slippage = 1.0
    /// The delay of orders in seconds; `nil` is that of the study.
    var latency: Double?
  }

  /// A sampler.
  ///
  /// - Throws: `StudyError` where episodes would not fit the market, or regimes are not known.
  init(_ options: EnvironmentOptions, _ market: TrainingMarket) throws(StudyError) {
    choice = options.episodes
    randomised = options.randomised
    let plan = market.plan
    configuration = plan.configuration
    if case .weights = configuration.accounting,
      randomised.slippage != nil || randomised.latency != nil
    {
      throw StudyError(
        .configuration,
        "'randomise' draws slippage or latency, which accounting by weights does not have: there "
          + "are no orders; draw 'costs', or account by orders")
    }
    first = max(plan.warmup, plan.firstObservation ?? 0)
    last = plan.feed.instants.count - 1
    starts =
      choice.kind == .regime
      ? try Self.starts(choice, market, between: first, and: last - choice.length) : []
    let lengths = choice.kind == .curriculum ? choice.stages.compactMap(\.length) : [choice.length]
    guard choice.kind != .whole else { return }
    for length in lengths where length > last - first {
      throw StudyError(
        .data,
        "episodes of \(length) bars do not fit: after the warm-up of \(first) bars there are "
          + "\(max(0, last - first)); give a shorter 'length', or more bars")
    }
  }

  private static func starts(
    _ choice: EpisodeChoice, _ market: TrainingMarket, between first: Int, and end: Int
  ) throws(StudyError) -> [[Int]] {
    let (names, labels) = try market.regimes(choice.classifier)
    for name in choice.regimes where !names.contains(name) {
      throw StudyError(
        .regimes, "there is no regime '\(name)'; known are \(NumberText.list(names))")
    }
    let wanted = choice.regimes.isEmpty ? names : choice.regimes
    var starts: [[Int]] = []
    for name in wanted {
      let label = names.firstIndex(of: name)
      let found = labels.indices.filter { $0 >= first && $0 <= end && labels[$0] == label }
      if found.isEmpty, !choice.regimes.isEmpty {
        throw StudyError(
          .regimes, "no episode of \(choice.length) bars begins in the regime '\(name)'")
      }
      if !found.isEmpty { starts.append(found) }
    }
    guard !starts.isEmpty else {
      throw StudyError(.regimes, "no episode of \(choice.length) bars begins in any regime")
    }
    return starts
  }

  /// Draws an episode.
  ///
  /// - Parameter number: the episodes of this environment before it.
  func draw(_ random: inout Randomness, number: Int) -> Draw {
    var draw = Draw()
    switch choice.kind {
    case .whole: break
    case .window: draw.window = window(of: choice.length, &random)
    case .regime:
      let regime = starts[random.nextInteger(below: starts.count)]
      draw.window = (regime[random.nextInteger(below: regime.count)], choice.length)
    case .curriculum:
      let stage = stage(of: number)
      draw.window = stage.length.map { window(of: $0, &random) }
      draw.costs = stage.costs
    }
    draw.costs *= randomised.costs.map { Self.uniform($0, &random) } ?? 1
    draw.slippage = randomised.slippage.map { Self.uniform($0, &random) } ?? 1
    draw.latency = randomised.latency.map { Self.uniform($0, &random) }
    return draw
  }

  private func window(of length: Int, _ random: inout Randomness) -> (start: Int, length: Int) {
    (first + random.nextInteger(below: last - length - first + 1), length)
  }

  private func stage(of number: Int) -> EpisodeChoice.Stage {
    var before = 0
    for stage in choice.stages.dropLast() {
      if number - before < stage.episodes { return stage }
      before += stage.episodes
    }
    return choice.stages[choice.stages.count - 1]
  }

  private static func uniform(_ range: ClosedRange<Double>, _ random: inout Randomness) -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * random.nextUnit()
  }

  /// What is wrong with a window that a reset asks for; `nil` where it can be.
  func problem(with options: ResetOptions) -> String? {
    let start = options.start ?? first
    guard (first..<last).contains(start) else {
      return "'start' is \(start); a first decision is possible from \(first) to \(last - 1)"
    }
    if let length = options.length, length > last - start {
      return "'length' is \(length), but after instant \(start) there are \(last - start) bars"
    }
    return nil
  }

  /// The rules of an episode.
  func configuration(of draw: Draw) -> BacktestConfiguration {
    var rules = configuration
    if let window = draw.window {
      rules.warmup = nil
      rules.window = (window.start + 1)..<(window.start + window.length + 1)
    }
    if draw.costs != 1 {
      rules.execution = rules.execution.scalingCosts(by: draw.costs)
      if case .weights(let fee, let initial) = rules.accounting {
        rules.accounting = .weights(fee: fee * draw.costs, initialWeights: initial)
      }
    }
    if draw.slippage != 1 { rules.execution = rules.execution.scalingSlippage(by: draw.slippage) }
    if let latency = draw.latency {
      rules.execution.latency = TimeSpan(nanoseconds: Int64(latency * 1e9))
    }
    return rules
  }
}
