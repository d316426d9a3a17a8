import BacktestCore

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
  /// The weights that discrete actions state, within the limits; empty for a box.
  private let choices: UnsafeMutableBufferPointer<Double>
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
    let size = plan.action.kind == .box ? 0 : plan.action.sizes[0]
    choices = .allocate(capacity: size)
    for choice in choices.indices {
      let weight = withUnsafeTemporaryAllocation(of: Double.self, capacity: 1) { action in
        action[0] = Double(choice)
        return rules.pointee.weights.weight(of: 0, by: UnsafeBufferPointer(action))
      }
      choices[choice] = rules.pointee.limits.clamped(weight)
    }
  }

  deinit {
    episodes.deallocate()
    changes.deallocate()
    taken.deallocate()
    left.deallocate()
    choices.deallocate()
  }

  /// Looks again whose steps of an episode may be taken.
  package func follow(_ episode: UnsafeMutablePointer<TradingEpisode>, at index: Int) {
    episodes[index] = episode.pointee.loopedSteps
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
  ///   - observations: room for the observation of each.
  ///   - figures: room for the figures of each, `stride` numbers apart.
  /// - Returns: how many steps were taken.
  package func step(
    _ actions: UnsafePointer<Double>, observations: UnsafeMutablePointer<Float>,
    figures: UnsafeMutablePointer<Double>?, stride: Int
  ) -> Int {
    rules.pointee.seesOnlyTargets
      ? step(actions, observations, figures, stride, seesOnlyTargets: true)
      : step(actions, observations, figures, stride, seesOnlyTargets: false)
  }

  @inline(__always)
  private func step(
    _ actions: UnsafePointer<Double>, _ observations: UnsafeMutablePointer<Float>,
    _ figures: UnsafeMutablePointer<Double>?, _ stride: Int, seesOnlyTargets: Bool
  ) -> Int {
    let (rules, choices, width) = (rules, choices, rules.pointee.observationCount)
    var (takenCount, leftCount) = (0, 0)
    for index in 0..<count {
      let action = actions[index]
      let weight =
        choices.count > 0 ? choices[Int(action)] : rules.pointee.limits.clamped(action)
      guard let steps = episodes[index],
        let change = steps.pointee.advance(
          to: weight, by: action, rules, seesOnlyTargets: seesOnlyTargets,
          observation: observations + index &* width)
      else {
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

  /// The discrete actions that an episode allows now, a bit for each.
  package func allowed(_ index: Int) -> UInt64 { episodes[index]?.pointee.allowed ?? .max }
}

extension StatedSteps {
  /// Carries out an action and goes on to the next decision; `nil` where there may be none, and
  /// nothing has changed.
  ///
  /// - Parameters:
  ///   - wanted: the weight that the action states, within the limits.
  ///   - seesOnlyTargets: what the rules say of it, known when this is compiled.
  ///   - observation: room for what is observed then.
  @inline(__always)
  fileprivate mutating func advance(
    to wanted: Double, by action: Double, _ rules: UnsafePointer<StatedRules>,
    seesOnlyTargets: Bool, observation: UnsafeMutablePointer<Float>
  ) -> StatedLoop.Change? {
    let next = account.instant &+ 1
    guard next &+ 1 < account.end, case .ready(let found) = rules.pointee.entries[next] else {
      return nil
    }
    var one = assets[0]
    one.lastAction = action
    var stated: Double?
    if seesOnlyTargets || !one.isCoolingDown(rules.pointee.cooldown) {
      let weight = PolicyRunner.weight(
        toward: wanted, from: one.targetWeight, threshold: rules.pointee.threshold)
      if seesOnlyTargets { one.targetWeight = weight } else { one.setTarget(weight) }
      stated = weight * rules.pointee.share
    }
    var close = account.nextClose(stating: stated)
    guard close.isSound else { return nil }
    var cash = cash
    if !seesOnlyTargets {
      let (known, equity) = (rules.pointee.assets[0], close.equity * rules.pointee.share)
      let weight = close.drift() / rules.pointee.share
      one.ageOneBar()
      one.hold(
        weight, ofEquity: equity, at: close.price, multiplier: known.multiplier)
      cash = equity * (1 - weight)
    }
    for index in 0..<rules.pointee.cells.count {
      guard find(index, rules.pointee.cells[index], one, cash: cash, rules) else { return nil }
    }
    let change = StatedLoop.Change(
      before: account.equity, after: close.equity,
      traded: close.tradedNotional - account.tradedNotional)
    account.take(close)
    (self.cash, place) = (cash, found)
    stepCount &+= 1
    assets[0] = one
    if !seesOnlyTargets, let masks = rules.pointee.masks {
      allowed = masks.allowed(shares: one.shares)
    }
    write(to: observation)
    return change
  }

  /// What is known of the episode now.
  @inline(__always)
  fileprivate func figures(_ rules: UnsafePointer<StatedRules>) -> StatedLoop.Figures {
    let standing = account.standing
    return StatedLoop.Figures(
      equity: standing.equity, cash: standing.cash, exposure: standing.grossExposure,
      costs: standing.costs, turnover: standing.tradedNotional, fills: Double(standing.fillCount),
      steps: Double(stepCount), instant: Double(account.instant),
      time: rules.pointee.seconds[account.instant])
  }
}
