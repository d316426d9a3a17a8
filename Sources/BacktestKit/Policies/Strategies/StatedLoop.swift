import BacktestCore
internal import CNetworkKernels

/// Takes the steps of many episodes of a plan in one loop, while their actions do nothing but state
/// the weight of the only instrument.
///
/// A step that could lead to anything but the next decision is left to `TradingEpisode`, before
/// anything has changed; all others come to the bits that it would come to.
package final class StatedLoop {
  private let rules: UnsafePointer<StatedRules>
  private let plan: EpisodePlan
  private let count: Int
  private let episodes: UnsafeMutablePointer<UnsafeMutablePointer<StatedSteps>?>
  /// The weights that discrete actions state, within the limits; `nil` for a box.
  private let choices: UnsafeMutablePointer<Double>?
  /// What the steps of the episodes did that the loop took.
  package let changes: UnsafeMutablePointer<Change>
  /// The episodes whose step the loop took, and those whose step it left.
  package let taken: UnsafeMutablePointer<Int>
  package let left: UnsafeMutablePointer<Int>

  /// What a step did to the account.
  package struct Change: BitwiseCopyable {
    /// Equity before the action and at the next decision.
    package var before: Double
    package var after: Double
    /// The value of what was traded.
    package var traded: Double

    @inline(__always)
    fileprivate init(of account: StatedAccount, to close: StatedAccount.NextClose) {
      (before, after) = (account.equity, close.equity)
      traded = close.tradedNotional - account.tradedNotional
    }
  }

  /// What is known of an episode, in the order in which callers of environments have it.
  package struct Figures: BitwiseCopyable {
    package var equity = 0.0
    package var cash = 0.0
    package var exposure = 0.0
    package var costs = 0.0
    package var turnover = 0.0
    package var fills = 0.0
    package var steps = 0.0
    package var instant = 0.0
    package var time = 0.0
  }

  /// A loop over so many episodes.
  ///
  /// - Returns: `nil` where actions of the plan do more.
  package init?(_ plan: EpisodePlan, count: Int) {
    guard let rules = plan.stated, rules.pointee.isOfOne else { return nil }
    (self.plan, self.rules, self.count) = (plan, rules, count)
    episodes = .allocate(capacity: count)
    episodes.initialize(repeating: nil, count: count)
    changes = .allocate(capacity: count)
    taken = .allocate(capacity: count)
    left = .allocate(capacity: count)
    guard plan.action.kind != .box else {
      choices = nil
      return
    }
    let (size, weights) = (plan.action.sizes[0], rules.pointee.weights)
    let choices = UnsafeMutablePointer<Double>.allocate(capacity: size)
    for choice in 0..<size {
      let weight = withUnsafePointer(to: Double(choice)) {
        weights.weight(of: 0, by: UnsafeBufferPointer(start: $0, count: 1))
      }
      choices[choice] = rules.pointee.limits.clamped(weight)
    }
    self.choices = choices
  }

  deinit {
    episodes.deallocate()
    changes.deallocate()
    taken.deallocate()
    left.deallocate()
    choices?.deallocate()
  }

  /// Looks again whose steps of an episode may be taken.
  package func follow(_ episode: UnsafeMutablePointer<TradingEpisode>, at index: Int) {
    episodes[index] = episode.pointee.loopedSteps()
  }

  /// Brings an episode up to date of which anything but a step of the loop is asked.
  package func letGo(_ episode: UnsafeMutablePointer<TradingEpisode>, at index: Int) {
    guard episodes[index] != nil else { return }
    episodes[index] = nil
    episode.pointee.catchUp()
  }

  /// Takes the steps that it can, and writes what is observed then.
  ///
  /// - Parameters:
  ///   - actions: the action of each episode, without a problem.
  ///   - chosen: the same as the number of a choice, where actions are choices.
  ///   - observations: room for the observation of each.
  ///   - figures: room for the figures of each, `stride` numbers apart.
  /// - Returns: how many steps were taken.
  package func step(
    _ actions: UnsafePointer<Double>, chosen: UnsafePointer<Int>,
    observations: UnsafeMutablePointer<Float>, figures: UnsafeMutablePointer<Double>?, stride: Int
  ) -> Int {
    rules.pointee.seesOnlyTargets
      ? step(actions, chosen, observations, figures, stride) {
        $0.pointee.advance(seeingOnlyTargets: $1, by: $2, rules, observation: $3)
      }
      : step(actions, chosen, observations, figures, stride) {
        $0.pointee.advance(to: $1, by: $2, rules, observation: $3)
      }
  }

  /// How many episodes before its turn the memory of one is fetched.
  private static let readAhead = 4

  /// A step of one episode: to a weight, by an action, with room for what is observed then.
  private typealias Advance = (
    UnsafeMutablePointer<StatedSteps>, Double, Double, UnsafeMutablePointer<Float>
  ) -> Change?

  @inline(__always)
  private func step(
    _ actions: UnsafePointer<Double>, _ chosen: UnsafePointer<Int>,
    _ observations: UnsafeMutablePointer<Float>, _ figures: UnsafeMutablePointer<Double>?,
    _ stride: Int, _ advance: Advance
  ) -> Int {
    let (rules, choices, episodes) = (rules, choices, episodes)
    let (width, limits) = (rules.pointee.observationCount, rules.pointee.limits)
    let (changes, taken, left) = (changes, taken, left)
    var (takenCount, leftCount) = (0, 0)
    for index in 0..<count {
      if index &+ Self.readAhead < count {
        episodes[index &+ Self.readAhead]?.pointee.fetch(rules)
      }
      guard let steps = episodes[index] else {
        left[leftCount] = index
        leftCount &+= 1
        continue
      }
      let action = actions[index]
      let weight = choices.map { $0[chosen[index]] } ?? limits.clamped(action)
      guard let change = advance(steps, weight, action, observations + index &* width) else {
        left[leftCount] = index
        leftCount &+= 1
        continue
      }
      changes[takenCount] = change
      taken[takenCount] = index
      takenCount &+= 1
      if let figures {
        UnsafeMutableRawPointer(figures + index &* stride).storeBytes(
          of: steps.pointee.figures(rules), as: Figures.self)
      }
    }
    return takenCount
  }

  /// The discrete actions that an episode allows now, a bit for each; `nil` where the loop does not
  /// take its steps.
  package func allowed(_ index: Int) -> UInt64? { episodes[index]?.pointee.allowed }
}

extension StatedSteps {
  /// Carries out an action and goes on to the next decision; `nil` where there may be none, and
  /// nothing has changed.
  ///
  /// - Parameters:
  ///   - wanted: the weight that the action states, within the limits.
  ///   - observation: room for what is observed then.
  @inline(__always)
  fileprivate mutating func advance(
    to wanted: Double, by action: Double, _ rules: UnsafePointer<StatedRules>,
    observation: UnsafeMutablePointer<Float>
  ) -> StatedLoop.Change? {
    guard let next = nextInstant(rules) else { return nil }
    var one = assets[0]
    one.lastAction = action
    var stated: Double?
    if !one.isCoolingDown(rules.pointee.cooldown) {
      let weight = PolicyRunner.weight(
        toward: wanted, from: one.targetWeight, threshold: rules.pointee.threshold)
      one.setTarget(weight)
      stated = weight * rules.pointee.share
    }
    var close = account.nextClose(stating: stated, priceReturn: next.priceReturn)
    guard close.isSound else { return nil }
    let (equity, weight) = (
      close.equity * rules.pointee.share, close.drift() / rules.pointee.share
    )
    one.ageOneBar()
    one.hold(
      weight, ofEquity: equity, at: account.nextPrice,
      multiplier: rules.pointee.assets[0].multiplier)
    let cash = equity * (1 - weight)
    for index in 0..<rules.pointee.cells.count {
      guard find(index, rules.pointee.cells[index], one, cash: cash, rules) else { return nil }
    }
    let change = StatedLoop.Change(of: account, to: close)
    account.take(close)
    (self.cash, place) = (cash, next.place)
    stepCount &+= 1
    assets[0] = one
    if let masks = rules.pointee.masks { allowed = masks.allowed(shares: one.shares) }
    write(to: observation)
    return change
  }

  /// The same where only the last target is ever looked at: what else is known of the position is
  /// left behind, and the next step outside of the loop finds out what of it is needed there.
  @inline(__always)
  fileprivate mutating func advance(
    seeingOnlyTargets wanted: Double, by action: Double, _ rules: UnsafePointer<StatedRules>,
    observation: UnsafeMutablePointer<Float>
  ) -> StatedLoop.Change? {
    guard let next = nextInstant(rules) else { return nil }
    let weight = PolicyRunner.weight(
      toward: wanted, from: assets[0].targetWeight, threshold: rules.pointee.threshold)
    let close = account.nextClose(
      stating: weight * rules.pointee.share, priceReturn: next.priceReturn)
    guard close.isSound else { return nil }
    copy(rules.pointee.numbers + next.place, to: observation, count: rules.pointee.observationCount)
    // Most have one: without the loop that costs less.
    let cellCount = rules.pointee.cells.count
    if cellCount > 0 {
      guard write(0, weight, action, rules, to: observation) else { return nil }
      for index in 1..<max(cellCount, 1) {
        guard write(index, weight, action, rules, to: observation) else { return nil }
      }
    }
    let change = StatedLoop.Change(of: account, to: close)
    account.take(onlyStated: close)
    place = next.place
    stepCount &+= 1
    assets[0].targetWeight = weight
    return change
  }

  /// Writes a number that the last target or the last action is; `false` where it is missing.
  @inline(__always)
  private func write(
    _ index: Int, _ weight: Double, _ action: Double, _ rules: UnsafePointer<StatedRules>,
    to observation: UnsafeMutablePointer<Float>
  ) -> Bool {
    let cell = rules.pointee.cells[index]
    let value = cell.kind == .lastAction ? action : Double(Float(weight))
    guard let number = rules.pointee.number(cell, value) else { return false }
    observation[cell.position] = number
    return true
  }

  /// The instant of the next decision; `nil` where there may be no decision.
  @inline(__always)
  private func nextInstant(_ rules: UnsafePointer<StatedRules>) -> StatedRules.Instant? {
    let index = account.instant &+ 1
    guard index &+ 1 < account.end else { return nil }
    let next = rules.pointee.instants[index]
    return next.place >= 0 ? next : nil
  }

  /// Asks for the memory that the next step will read, which no pattern tells the processor: the
  /// episodes of a loop are anywhere in the market.
  @inline(__always)
  fileprivate func fetch(_ rules: UnsafePointer<StatedRules>) {
    // Almost always the observation after that of now.
    let observation = rules.pointee.numbers + (place &+ rules.pointee.observationCount)
    fetch_memory(observation)
    fetch_memory(observation + 16)
    fetch_memory(rules.pointee.instants.address(of: account.instant &+ 1))
  }

  /// What is known of the episode now.
  @inline(__always)
  fileprivate func figures(_ rules: UnsafePointer<StatedRules>) -> StatedLoop.Figures {
    let standing = account.standing
    return StatedLoop.Figures(
      equity: standing.equity, cash: standing.cash, exposure: standing.grossExposure,
      costs: standing.costs, turnover: standing.tradedNotional, fills: Double(standing.fillCount),
      steps: Double(stepCount), instant: Double(account.instant),
      time: rules.pointee.instants[account.instant].seconds)
  }
}

/// Copies numbers that do not overlap; a few at once without a call.
@inline(__always)
private func copy(
  _ numbers: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, count: Int
) {
  guard count >= 4, count <= 64 else { return target.update(from: numbers, count: count) }
  let (source, target) = (UnsafeRawPointer(numbers), UnsafeMutableRawPointer(target))
  let stride = MemoryLayout<Float>.stride
  var (offset, left) = (0, count)
  while left >= 16 {
    move(SIMD16<Float>.self, source, target, offset)
    (offset, left) = (offset &+ 16 &* stride, left &- 16)
  }
  while left >= 4 {
    move(SIMD4<Float>.self, source, target, offset)
    (offset, left) = (offset &+ 4 &* stride, left &- 4)
  }
  // The last four, of which some were copied before.
  if left > 0 { move(SIMD4<Float>.self, source, target, (count &- 4) &* stride) }
}

@inline(__always)
private func move<Block: BitwiseCopyable>(
  _: Block.Type, _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, _ offset: Int
) {
  target.storeBytes(
    of: source.loadUnaligned(fromByteOffset: offset, as: Block.self), toByteOffset: offset,
    as: Block.self)
}
