internal import CBacktestEnvironment
import BacktestCore
import BacktestFiles
import BacktestPolicies
import BacktestStudies

/// Environments of one policy on one market, which are stepped together.
final class EnvironmentBatch {
  let market: TrainingMarket
  let options: EnvironmentOptions
  let count: Int
  let sampler: EpisodeSampler
  private let reward: Reward
  private let slots: UnsafeMutablePointer<EnvironmentSlot>
  private var reader: ActionReader
  private var memory: CallerMemory?

  /// Environments before their first reset.
  init(_ market: TrainingMarket, _ options: EnvironmentOptions, count: Int) throws(StudyError) {
    self.market = market
    self.options = options
    self.count = count
    reward = options.reward
    sampler = try EpisodeSampler(options, market)
    reader = ActionReader(market.plan.action, count: count)
    slots = .allocate(capacity: count)
    for index in 0..<count {
      (slots + index).initialize(to: EnvironmentSlot(seed: UInt64(options.seed) &+ UInt64(index)))
    }
  }

  deinit {
    slots.deinitialize(count: count)
    slots.deallocate()
  }

  /// Takes memory of the caller.
  func bind(_ buffers: backtestkit_buffers) throws(EnvironmentError) {
    memory = try CallerMemory(buffers, count: count, plan: market.plan)
  }

  /// Begins new episodes.
  func reset(
    which: UnsafePointer<UInt8>?, seeds: UnsafePointer<UInt64>?, options text: String?
  ) throws(EnvironmentError) {
    let memory = try boundMemory()
    var window: (start: Int, length: Int)?
    if let text {
      let asked = try EnvironmentError.wrapping { try ResetOptions.read(text) }
      if let problem = sampler.problem(with: asked) { throw EnvironmentError(problem) }
      if asked.start != nil || asked.length != nil {
        let start = asked.start ?? sampler.first
        window = (start, asked.length ?? sampler.last - start)
      }
    }
    for index in 0..<count where which.map({ $0[index] != 0 }) ?? true {
      if let seeds { slots[index].seed(seeds[index]) }
      begin(index, window: window)
      memory.clear(index)
      write(index, memory)
    }
  }

  /// Carries out the actions of all environments.
  ///
  /// - Returns: the number of episodes that ended.
  func step() throws(EnvironmentError) -> Int {
    let memory = try boundMemory()
    for index in 0..<count where !slots[index].isWaiting {
      guard slots[index].episode != nil else {
        throw EnvironmentError("\(name(index)) has no episode yet: reset it first")
      }
      guard options.autoreset == .nextStep else {
        throw EnvironmentError("the episode of \(name(index)) is over: reset it first")
      }
    }
    for index in 0..<count where slots[index].isWaiting {
      if let problem = reader.read(index, from: memory.actions) {
        throw EnvironmentError(count == 1 ? problem : "\(name(index)): \(problem)")
      }
    }
    var ended = 0
    for index in 0..<count {
      if step(index, memory) { ended += 1 }
    }
    return ended
  }

  /// The run of an environment so far, which keeps its history.
  func result(_ index: Int) throws(EnvironmentError) -> BacktestResult {
    guard (0..<count).contains(index) else {
      throw EnvironmentError("there is no environment \(index) among \(count)")
    }
    guard options.keepsHistory else {
      throw EnvironmentError(
        "environments have results only where the options say \"record\": true")
    }
    guard let episode = slots[index].episode else {
      throw EnvironmentError("\(name(index)) has no episode yet: reset it first")
    }
    return episode.result(named: market.plan.manifest.name)
  }

  private func boundMemory() throws(EnvironmentError) -> CallerMemory {
    guard let memory else {
      throw EnvironmentError("no memory is bound for actions and observations")
    }
    return memory
  }

  private func name(_ index: Int) -> String {
    count == 1 ? "the environment" : "environment \(index)"
  }

  /// Begins an episode.
  private func begin(_ index: Int, window: (start: Int, length: Int)? = nil) {
    var draw = sampler.draw(&slots[index].random, number: slots[index].episodeCount)
    if let window { draw.window = window }
    slots[index].begin(
      market.plan.episode(
        sampler.configuration(of: draw), keepsHistory: options.keepsHistory,
        measuresAgreement: reward.kind == .predictionBonus))
  }

  /// Steps one environment; `true` where its episode ended.
  @inline(__always)
  private func step(_ index: Int, _ memory: CallerMemory) -> Bool {
    guard slots[index].isWaiting else {
      begin(index)
      memory.clear(index)
      write(index, memory)
      return false
    }
    let earned = slots[index].step(reader.action(index), reward)
    memory.rewards[index] = earned
    let isOver = !slots[index].isWaiting
    memory.terminated[index] = isOver && slots[index].isRuined ? 1 : 0
    memory.truncated[index] = isOver && !slots[index].isRuined ? 1 : 0
    if isOver, options.autoreset == .sameStep {
      slots[index].writeEnd(index, memory, market.plan)
      begin(index)
    }
    write(index, memory)
    return isOver
  }

  @inline(__always)
  private func write(_ index: Int, _ memory: CallerMemory) {
    slots[index].write(index, memory, market.plan)
  }
}

/// One environment of a batch.
struct EnvironmentSlot {
  private(set) var episode: TradingEpisode?
  private(set) var episodeCount = 0
  var random: Randomness
  private(set) var isWaiting = false
  private var equity = 0.0
  private var traded = 0.0
  private var total = 0.0
  private var rewardMemory = Reward.Memory(equity: 0)

  init(seed: UInt64) { random = Randomness(seed: seed, stream: "episodes") }

  /// Decides which episodes come from now on.
  mutating func seed(_ seed: UInt64) {
    random = Randomness(seed: seed, stream: "episodes")
    episodeCount = 0
  }

  /// Whether equity is gone.
  var isRuined: Bool { episode?.isRuined ?? false }

  mutating func begin(_ episode: TradingEpisode) {
    equity = episode.standing.equity
    traded = episode.standing.tradedNotional
    total = 0
    rewardMemory = Reward.Memory(equity: equity)
    isWaiting = episode.isWaiting
    self.episode = episode
    episodeCount += 1
  }

  /// Carries out an action; gives what it earned.
  @inline(__always)
  mutating func step(_ action: UnsafeBufferPointer<Double>, _ reward: Reward) -> Double {
    episode?.step(action)
    guard let standing = episode?.standing else { return 0 }
    let step = Reward.Step(
      before: equity, after: standing.equity, traded: standing.tradedNotional - traded,
      agreement: episode?.agreement ?? 0)
    equity = standing.equity
    traded = standing.tradedNotional
    isWaiting = episode?.isWaiting ?? false
    let earned = reward.value(of: step, &rewardMemory)
    total += earned
    return earned
  }

  /// Writes the observation and the figures of now.
  @inline(__always)
  func write(_ index: Int, _ memory: CallerMemory, _ plan: EpisodePlan) {
    episode?.write(to: memory.observations + index * memory.observationCount)
    if let figures = memory.figures { writeFigures(to: figures + index * memory.figureCount, plan) }
    if let masks = memory.masks, let allowed = episode?.allowed {
      for action in 0..<memory.maskCount {
        masks[index * memory.maskCount + action] =
          action >= 64 || allowed & (1 << UInt64(action)) != 0 ? 1 : 0
      }
    }
  }

  /// Writes the last observation and the last figures of an episode that ended.
  func writeEnd(_ index: Int, _ memory: CallerMemory, _ plan: EpisodePlan) {
    if let observations = memory.finalObservations {
      episode?.write(to: observations + index * memory.observationCount)
    }
    if let figures = memory.finalFigures {
      writeFigures(to: figures + index * memory.figureCount, plan)
    }
  }

  private func writeFigures(to row: UnsafeMutablePointer<Double>, _ plan: EpisodePlan) {
    guard let episode else { return }
    let standing = episode.standing
    row[Int(BACKTESTKIT_EQUITY)] = standing.equity
    row[Int(BACKTESTKIT_CASH)] = standing.cash
    row[Int(BACKTESTKIT_EXPOSURE)] = standing.grossExposure
    row[Int(BACKTESTKIT_COSTS)] = standing.costs
    row[Int(BACKTESTKIT_TURNOVER)] = standing.tradedNotional
    row[Int(BACKTESTKIT_FILLS)] = Double(standing.fillCount)
    row[Int(BACKTESTKIT_STEPS)] = Double(episode.stepCount)
    row[Int(BACKTESTKIT_INSTANT)] = Double(episode.instant)
    row[Int(BACKTESTKIT_TIME)] = Double(plan.feed.instants[episode.instant].nanoseconds) / 1e9
    row[Int(BACKTESTKIT_RETURN)] = total
  }
}
