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
  private let reader: ActionReader
  /// Takes the steps that do nothing but state a weight; `nil` where actions do more.
  private let loop: StatedLoop?
  /// How many environments wait for no action.
  private var idleCount: Int
  private var memory: CallerMemory?

  /// Environments before their first reset.
  init(_ market: TrainingMarket, _ options: EnvironmentOptions, count: Int) throws(StudyError) {
    self.market = market
    self.options = options
    self.count = count
    if options.masked == .refuse, market.plan.action.masks == nil {
      throw StudyError(
        .configuration,
        "'masked' is refuse, but the manifest has no masks; leave it out, or give 'action.masks'")
    }
    reward = options.reward
    sampler = try EpisodeSampler(options, market)
    reader = ActionReader(market.plan.action, count: count)
    loop = StatedLoop(market.plan, count: count)
    idleCount = count
    slots = .allocate(capacity: count)
    for index in 0..<count {
      (slots + index).initialize(to: EnvironmentSlot(seed: UInt64(options.seed) &+ UInt64(index)))
    }
  }

  deinit {
    for index in 0..<count { slots[index].release() }
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
    defer { countIdle() }
    for index in 0..<count where which.map({ $0[index] != 0 }) ?? true {
      if let seeds { slots[index].seed(seeds[index]) }
      begin(index, window: window)
      memory.clear(index)
      slots[index].write(index, memory, market.plan)
      try checkDecision(index)
    }
  }

  /// Checks that the episode of an environment had a decision, so that nobody begins such episodes
  /// for ever.
  private func checkDecision(_ index: Int) throws(EnvironmentError) {
    if let absence = slots[index].episode?.pointee.absence {
      throw EnvironmentError("the episode of \(name(index)) cannot be stepped: \(absence)")
    }
  }

  private func countIdle() {
    idleCount = 0
    for index in 0..<count where !slots[index].isWaiting { idleCount += 1 }
  }

  /// Carries out the actions of all environments.
  ///
  /// - Returns: the number of episodes that ended.
  func step() throws(EnvironmentError) -> Int {
    let memory = try boundMemory()
    // Read once: a large property of a class would be copied for each environment.
    let (plan, reader, reward) = (market.plan, reader, reward)
    try read(memory)
    var ended = 0
    defer { if ended > 0 || idleCount > 0 { countIdle() } }
    guard let loop else {
      for index in 0..<count {
        if step(index, reader.action(index), reward, memory, plan) { ended += 1 }
      }
      return ended
    }
    memory.terminated.update(repeating: 0, count: count)
    memory.truncated.update(repeating: 0, count: count)
    let taken = loop.step(
      reader.numbers, chosen: reader.choices, observations: memory.observations,
      figures: memory.figures, stride: memory.figureCount)
    earn(loop, taken, reward, memory)
    for place in 0..<(count - taken) {
      let index = loop.left[place]
      if let episode = slots[index].episode { loop.letGo(episode, at: index) }
      if step(index, reader.action(index), reward, memory, plan) { ended += 1 }
      if let episode = slots[index].episode { loop.follow(episode, at: index) }
    }
    return ended
  }

  /// Reads and checks the actions of all environments.
  @inline(__always)
  private func read(_ memory: CallerMemory) throws(EnvironmentError) {
    if idleCount == 0, reader.readAll(memory.actions), options.masked == .carryOut { return }
    for index in 0..<count {
      guard slots[index].isWaiting else {
        try checkBeginning(index)
        continue
      }
      if let problem = reader.read(index, from: memory.actions) ?? maskProblem(index) {
        throw EnvironmentError(count == 1 ? problem : "\(name(index)): \(problem)")
      }
    }
  }

  /// What is wrong with the choice of an environment that was read, where masks are to be kept to.
  private func maskProblem(_ index: Int) -> String? {
    guard options.masked == .refuse, let episode = slots[index].episode else { return nil }
    let allowed = loop?.allowed(index) ?? episode.pointee.progress.allowed
    let choice = reader.choices[index]
    guard allowed & (1 << UInt64(choice)) == 0 else { return nil }
    let others = (0..<market.plan.action.sizes[0]).filter { allowed & (1 << UInt64($0)) != 0 }
    return "the action \(choice) is masked: the position allows "
      + listed(others.map(String.init), "and") + ". Choose among the action masks, or make "
      + "environments with 'masked' carry-out"
  }

  /// Rewards the steps that the loop took.
  @inline(__always)
  private func earn(
    _ loop: StatedLoop, _ taken: Int, _ reward: Reward, _ memory: CallerMemory
  ) {
    let (slots, figures) = (slots, memory.figures)
    for place in 0..<taken {
      let (index, change) = (loop.taken[place], loop.changes[place])
      let step = Reward.Step(
        before: change.before, after: change.after, traded: change.traded, agreement: 0)
      memory.rewards[index] = slots[index].earn(step, reward)
      figures?[index &* memory.figureCount &+ Int(BACKTESTKIT_RETURN)] = slots[index].total
    }
    guard let masks = memory.masks else { return }
    for place in 0..<taken {
      let index = loop.taken[place]
      memory.write(loop.allowed(index) ?? .max, to: masks, index)
    }
  }

  /// Checks that a step may begin a new episode.
  private func checkBeginning(_ index: Int) throws(EnvironmentError) {
    guard slots[index].episode != nil else {
      throw EnvironmentError("\(name(index)) has no episode yet: reset it first")
    }
    try checkDecision(index)
    guard options.autoreset == .nextStep else {
      throw EnvironmentError("the episode of \(name(index)) is over: reset it first")
    }
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
    return episode.pointee.result(named: market.plan.manifest.name)
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
    if let loop, let episode = slots[index].episode { loop.follow(episode, at: index) }
  }

  /// Steps one environment; `true` where its episode ended.
  @inline(__always)
  private func step(
    _ index: Int, _ action: UnsafeBufferPointer<Double>, _ reward: Reward,
    _ memory: CallerMemory, _ plan: EpisodePlan
  ) -> Bool {
    guard slots[index].isWaiting, let episode = slots[index].episode else {
      begin(index)
      memory.clear(index)
      slots[index].write(index, memory, plan)
      return false
    }
    memory.rewards[index] = slots[index].step(action, reward, episode)
    let isOver = !slots[index].isWaiting
    if isOver {
      end(index, memory, isRuined: episode.pointee.progress.isRuined)
    } else {
      memory.terminated[index] = 0
      memory.truncated[index] = 0
    }
    slots[index].write(index, memory, plan)
    return isOver
  }

  /// Says how an episode ended, and begins the next where that is asked for.
  @inline(never)
  private func end(_ index: Int, _ memory: CallerMemory, isRuined: Bool) {
    memory.terminated[index] = isRuined ? 1 : 0
    memory.truncated[index] = isRuined ? 0 : 1
    guard options.autoreset == .sameStep else { return }
    slots[index].writeEnd(index, memory, market.plan)
    begin(index)
  }
}

/// One environment of a batch.
///
/// Its episode lies behind a pointer: a large value that is read through an optional would be
/// copied, with everything that it refers to, at every step.
struct EnvironmentSlot {
  /// The episode; `nil` before the first.
  private(set) var episode: UnsafeMutablePointer<TradingEpisode>?
  private(set) var episodeCount = 0
  var random: Randomness
  /// Whether a decision is due.
  private(set) var isWaiting = false
  /// The sum of the rewards of the episode so far.
  private(set) var total = 0.0
  private var rewardMemory = Reward.Memory(equity: 0)

  init(seed: UInt64) { random = Randomness(seed: seed, stream: "episodes") }

  /// Decides which episodes come from now on.
  mutating func seed(_ seed: UInt64) {
    random = Randomness(seed: seed, stream: "episodes")
    episodeCount = 0
  }

  /// Gives the memory of the episode back.
  mutating func release() {
    episode?.deinitialize(count: 1)
    episode?.deallocate()
    episode = nil
  }

  mutating func begin(_ new: TradingEpisode) {
    let place = episode ?? UnsafeMutablePointer<TradingEpisode>.allocate(capacity: 1)
    if episode != nil { place.deinitialize(count: 1) }
    place.initialize(to: new)
    episode = place
    total = 0
    isWaiting = place.pointee.progress.isWaiting
    rewardMemory = Reward.Memory(equity: place.pointee.progress.standing.equity)
    episodeCount += 1
  }

  /// Carries out an action; gives what it earned.
  ///
  /// - Precondition: a decision is due.
  @inline(__always)
  mutating func step(
    _ action: UnsafeBufferPointer<Double>, _ reward: Reward,
    _ episode: UnsafeMutablePointer<TradingEpisode>
  ) -> Double {
    let (before, traded) = (
      episode.pointee.progress.standing.equity, episode.pointee.progress.standing.tradedNotional
    )
    episode.pointee.step(action)
    isWaiting = episode.pointee.progress.isWaiting
    return earn(
      Reward.Step(
        before: before, after: episode.pointee.progress.standing.equity,
        traded: episode.pointee.progress.standing.tradedNotional - traded,
        agreement: episode.pointee.progress.agreement), reward)
  }

  /// What a step earned.
  @inline(__always)
  mutating func earn(_ step: Reward.Step, _ reward: Reward) -> Double {
    let earned = reward.value(of: step, &rewardMemory)
    total += earned
    return earned
  }

  /// Writes the observation and the figures of now.
  @inline(__always)
  func write(_ index: Int, _ memory: CallerMemory, _ plan: EpisodePlan) {
    guard let episode else { return }
    episode.pointee.write(to: memory.observations + index * memory.observationCount)
    if let figures = memory.figures {
      writeFigures(to: figures + index * memory.figureCount, episode, plan)
    }
    if let masks = memory.masks {
      memory.write(episode.pointee.progress.allowed, to: masks, index)
    }
  }

  /// Writes the last observation and the last figures of an episode that ended.
  func writeEnd(_ index: Int, _ memory: CallerMemory, _ plan: EpisodePlan) {
    guard let episode else { return }
    if let observations = memory.finalObservations {
      episode.pointee.write(to: observations + index * memory.observationCount)
    }
    if let figures = memory.finalFigures {
      writeFigures(to: figures + index * memory.figureCount, episode, plan)
    }
  }

  @inline(__always)
  private func writeFigures(
    to row: UnsafeMutablePointer<Double>, _ episode: UnsafeMutablePointer<TradingEpisode>,
    _ plan: EpisodePlan
  ) {
    let (standing, instant) = (episode.pointee.progress.standing, episode.pointee.progress.instant)
    row[Int(BACKTESTKIT_EQUITY)] = standing.equity
    row[Int(BACKTESTKIT_CASH)] = standing.cash
    row[Int(BACKTESTKIT_EXPOSURE)] = standing.grossExposure
    row[Int(BACKTESTKIT_COSTS)] = standing.costs
    row[Int(BACKTESTKIT_TURNOVER)] = standing.tradedNotional
    row[Int(BACKTESTKIT_FILLS)] = Double(standing.fillCount)
    row[Int(BACKTESTKIT_STEPS)] = Double(episode.pointee.progress.stepCount)
    row[Int(BACKTESTKIT_INSTANT)] = Double(instant)
    row[Int(BACKTESTKIT_TIME)] = Double(plan.feed.instants[instant].nanoseconds) / 1e9
    row[Int(BACKTESTKIT_RETURN)] = total
  }
}
