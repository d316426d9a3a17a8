import BacktestCore

/// What the steps of all episodes of a plan share whose actions do nothing but state weights.
///
/// It lies behind a pointer and holds columns, so that a step counts no references.
struct StatedRules: Sendable {
  let weights: StatedWeights
  let limits: WeightLimits
  let threshold: Double
  let share: Double
  let cooldown: Int
  let isOneChoice: Bool
  let assets: Column<Asset>
  let masks: ActionMasks?
  let cells: Column<AccountCell>
  let isZeroWhereMissing: Bool
  /// What a step reads of each instant, side by side: one line of memory for most steps.
  let instants: Column<Instant>
  nonisolated(unsafe) let numbers: UnsafePointer<Float>
  let observationCount: Int
  /// Whether actions state the weight of the only instrument, and all of it is kept in step.
  let isOfOne: Bool
  /// Whether neither observations nor masks nor a cooldown ask for more than the last target, so
  /// that nobody ever looks at what is known of the position besides.
  let seesOnlyTargets: Bool

  /// What is known of an instant beforehand.
  struct Instant: Sendable, BitwiseCopyable {
    /// Where its observation begins in the plan's table; -1 where there is no decision.
    let place: Int
    /// The return of the only instrument from the close before; NaN where there is none, so that
    /// the step is left to the engine.
    let priceReturn: Double
    /// Its time, in seconds since 1970-01-01.
    let seconds: Double
  }

  /// What is known of an asset beforehand.
  struct Asset: Sendable, BitwiseCopyable {
    let instrument: Int
    let multiplier: Double
  }

  /// - Returns: `nil` where actions do more, or past rows of the account are observed.
  init?(
    _ runner: PolicyRunner, _ cells: AccountCells, _ table: ObservationTable,
    _ manifest: PolicyManifest, on feed: Feed
  ) {
    guard let weights = runner.statedWeights, let plain = cells.plain else { return nil }
    self.weights = weights
    limits = runner.limits
    threshold = runner.options.weights.rebalanceThreshold
    share = runner.share
    cooldown = runner.state.cooldown
    isOneChoice = manifest.action?.componentCount == 1
    assets = Column(
      runner.instruments.indices.map {
        Asset(instrument: Int(runner.instruments[$0].index), multiplier: runner.multipliers[$0])
      })
    masks = runner.masks
    self.cells = Column(plain)
    isZeroWhereMissing = manifest.observation.missing == .zero
    numbers = UnsafePointer(table.numbers)
    observationCount = table.count
    isOfOne = runner.instruments.count == 1 && feed.universe.series.count == 1
    // The rows of the only series are the instants.
    let returns = isOfOne ? StatedAccount.priceReturns(of: feed.universe.series[0]) : []
    instants = Column(
      feed.instants.indices.map { instant in
        var place = -1
        if case .ready(let found) = table.entries[instant] { place = found }
        return Instant(
          place: place, priceReturn: instant < returns.count ? returns[instant] : .nan,
          seconds: Double(feed.instants[instant].nanoseconds) / 1e9)
      })
    seesOnlyTargets =
      masks == nil && cooldown <= 0
      && plain.allSatisfy { [.positionWeight, .assetWeight, .lastAction].contains($0.kind) }
  }

  /// A value about the account as it is observed; `nil` where it is missing.
  @inline(__always)
  func number(_ cell: AccountCell, _ value: Double) -> Float? {
    let number = cell.scale * value
    guard number.isFinite || isZeroWhereMissing else { return nil }
    return number.isFinite ? Float(number) : 0
  }
}

/// The memory in which the steps of one episode state weights.
final class StatedRoom: @unchecked Sendable {
  let assets: UnsafeMutablePointer<PolicyAccountState.Asset>
  let weights: UnsafeMutablePointer<HeldWeight>
  /// The numbers about the account in the observation of now.
  let numbers: UnsafeMutablePointer<Float>
  /// The account while it is lent; not initialised before.
  let steps = UnsafeMutablePointer<StatedSteps>.allocate(capacity: 1)

  init(assetCount: Int, instrumentCount: Int, numberCount: Int) {
    assets = .allocate(capacity: assetCount)
    weights = .allocate(capacity: instrumentCount)
    numbers = .allocate(capacity: max(numberCount, 1))
  }

  deinit {
    assets.deallocate()
    weights.deallocate()
    numbers.deallocate()
    steps.deallocate()
  }
}

/// The steps of an episode while its actions do nothing but state weights: what the engine and
/// `PolicyRunner` do for any action in many steps, in few.
struct StatedSteps: Sendable, BitwiseCopyable {
  var account: StatedAccount
  /// The policy's cash.
  var cash = 0.0
  /// Where the observation of now begins in the plan's table.
  var place = 0
  /// The number of decisions of the episode so far.
  var stepCount = 0
  /// The discrete actions that are allowed now, a bit for each; all where there are no masks.
  var allowed = UInt64.max
  private nonisolated(unsafe) let rules: UnsafePointer<StatedRules>
  nonisolated(unsafe) let assets: UnsafeMutablePointer<PolicyAccountState.Asset>
  nonisolated(unsafe) let numbers: UnsafeMutablePointer<Float>

  /// What a step led to.
  enum Outcome {
    /// A decision is due.
    case decision
    /// A close that is looked at in the general way.
    case close
    /// The end of the run; the account had this equity at the close before.
    case ruin(before: Double)
  }

  /// Steps of an account that was lent.
  ///
  /// - Parameters:
  ///   - state: the account as the policy sees it now.
  ///   - place: where the observation of now begins in the plan's table.
  ///   - stepCount: the number of decisions so far.
  init(
    _ rules: UnsafePointer<StatedRules>, _ room: StatedRoom, _ account: StatedAccount,
    _ state: PolicyAccountState, place: Int, stepCount: Int
  ) {
    (self.rules, self.account, self.stepCount) = (rules, account, stepCount)
    (assets, numbers) = (room.assets, room.numbers)
    for index in state.assets.indices { (assets + index).initialize(to: state.assets[index]) }
    (cash, self.place) = (state.cash, place)
    if let masks = rules.pointee.masks { allowed = masks.allowed(shares: assets[0].shares) }
    _ = findNumbers()
  }

  /// Carries out an action, and goes on to the next close.
  mutating func step(
    _ action: UnsafeBufferPointer<Double>, _ progress: inout EpisodeProgress
  ) -> Outcome {
    let count = rules.pointee.assets.count
    // Most are of one asset: without loops that costs less.
    return count == 1 ? step(action, of: 1, &progress) : step(action, of: count, &progress)
  }

  @inline(__always)
  private mutating func step(
    _ action: UnsafeBufferPointer<Double>, of count: Int, _ progress: inout EpisodeProgress
  ) -> Outcome {
    for asset in 0..<count {
      let one = assets + asset
      one.pointee.lastAction = action[rules.pointee.isOneChoice ? 0 : asset]
      guard !one.pointee.isCoolingDown(rules.pointee.cooldown) else { continue }
      let wanted = rules.pointee.limits.clamped(
        rules.pointee.weights.weight(of: asset, by: action))
      let weight = PolicyRunner.weight(
        toward: wanted, from: one.pointee.targetWeight, threshold: rules.pointee.threshold)
      one.pointee.setTarget(weight)
      account.state(weight * rules.pointee.share, of: rules.pointee.assets[asset].instrument)
    }
    stepCount = progress.stepCount
    let before = progress.standing.equity
    guard account.close(&progress.standing) else { return .ruin(before: before) }
    let equity = progress.standing.equity * rules.pointee.share
    var invested = 0.0
    for asset in 0..<count {
      let (one, known) = (assets + asset, rules.pointee.assets[asset])
      let weight = account.weight(of: known.instrument) / rules.pointee.share
      invested += weight
      one.pointee.ageOneBar()
      one.pointee.hold(
        weight, ofEquity: equity, at: account.lastClose(of: known.instrument),
        multiplier: known.multiplier)
    }
    cash = equity * (1 - invested)
    let found = rules.pointee.instants[account.instant].place
    guard found >= 0, account.instant &+ 1 < account.end, findNumbers() else { return .close }
    place = found
    progress.instant = account.instant
    if let masks = rules.pointee.masks {
      allowed = masks.allowed(shares: assets[0].shares)
      progress.allowed = allowed
    }
    return .decision
  }

  /// Computes the numbers about the account; `false` where one is missing.
  private func findNumbers() -> Bool {
    for index in 0..<rules.pointee.cells.count {
      let cell = rules.pointee.cells[index]
      guard find(index, cell, assets[cell.asset], cash: cash, rules) else { return false }
    }
    return true
  }

  /// Computes one of the numbers about the account; `false` where it is missing.
  @inline(__always)
  func find(
    _ index: Int, _ cell: AccountCell, _ one: PolicyAccountState.Asset, cash: Double,
    _ rules: UnsafePointer<StatedRules>
  ) -> Bool {
    let value = cell.kind.value(one, cash: cash, cooldown: rules.pointee.cooldown)
    guard let number = rules.pointee.number(cell, value) else { return false }
    numbers[index] = number
    return true
  }

  /// Writes the observation of this decision.
  @inline(__always)
  func write(to observation: UnsafeMutablePointer<Float>) {
    observation.update(from: rules.pointee.numbers + place, count: rules.pointee.observationCount)
    for index in 0..<rules.pointee.cells.count {
      observation[rules.pointee.cells[index].position] = numbers[index]
    }
  }
}

extension PolicyAccountState {
  /// Takes over what steps that state weights have come to.
  mutating func takeBack(_ steps: StatedSteps, equity: Double) {
    for asset in assets.indices { assets[asset] = steps.assets[asset] }
    (self.equity, cash) = (equity, steps.cash)
  }
}
