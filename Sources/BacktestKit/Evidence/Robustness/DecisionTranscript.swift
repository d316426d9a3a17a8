import BacktestCore

/// What a strategy learned and what it asked for at one moment of a run.
enum DecisionEvent: Sendable {
  /// A trade that was reported to it.
  case fill(Fill)
  /// What the account was worth, and whether orders were ignored still.
  case account(cash: Double, equity: Double, isWarmingUp: Bool)
  /// Numbers that it decided from, each vector as a digest; the vectors where they are wanted.
  case observation(position: Int, digest: UInt64, numbers: [Double])
  case forecast(StrategyForecast)
  case decision(DecisionRecord)
  case note(String)
  case request(StrategyRequest)
}

/// A digest of 64 bits of words in order. Two sequences that differ in one word never share one.
struct EventDigest: Sendable {
  private(set) var value: UInt64 = 0x6A09_E667_F3BC_C908

  mutating func add(_ word: UInt64) {
    value = (value ^ word) &* 0x9E37_79B9_7F4A_7C15
    value ^= value &>> 29
  }

  mutating func add(_ number: Double) { add(number.bitPattern) }
  mutating func add(_ number: some BinaryInteger) { add(UInt64(truncatingIfNeeded: number)) }

  mutating func add(_ number: Double?) {
    add(number == nil ? 0 : 1)
    add(number ?? 0)
  }
}

/// The moments of a run at which its strategy was asked, each with a digest of everything that it
/// learned and asked for there.
struct DecisionTranscript: Sendable {
  /// A moment, in the order of the run.
  struct Moment: Hashable, BitwiseCopyable, Sendable {
    var time: Timestamp
    var kind: Kind
    var digest: UInt64
    /// What it wanted to hold, or to buy and sell, apart from sizes that follow from the account.
    var wish: UInt64 = 0
    /// Whether it asked for a trade, a timer or a cancellation.
    var asked = false
    /// Whether it left anything at all behind.
    var isActive = false
    /// Whether orders wait for the market afterwards.
    var hasOrders = false

    enum Kind: UInt8, BitwiseCopyable, Sendable { case start, bars, timer }
  }

  var moments: ContiguousArray<Moment> = []
  /// What happened at the moment that was to be kept in full.
  var kept: [DecisionEvent] = []
}

/// Runs a strategy and writes its transcript, up to an instant.
struct DecisionRecorder: Sendable {
  private(set) var transcript = DecisionTranscript()
  /// The number of the moment to keep in full, if any.
  private let keeps: Int?
  private var digest = EventDigest()
  private var wish = EventDigest()
  private var asked = false
  private var isActive = false
  private var noteCount = 0
  private var forecastCount = 0
  private var decisionCount = 0

  private init(keeping moment: Int?) { keeps = moment }

  /// The transcript of a run up to an instant.
  ///
  /// - Parameter moment: the number of the moment to keep in full; the run ends with it.
  static func record<S: Strategy>(
    _ strategy: S, on feed: Feed, _ configuration: BacktestConfiguration,
    through last: Timestamp, keeping moment: Int? = nil
  ) -> DecisionTranscript {
    var strategy = strategy
    var engine = Engine(feed: feed, configuration: configuration, warmup: strategy.warmup)
    var recorder = DecisionRecorder(keeping: moment)
    strategy.onStart(&engine.trading)
    recorder.finish(.start, at: .distantPast, strategy, engine.trading)
    while moment.map({ recorder.transcript.moments.count <= $0 }) ?? true {
      switch engine.advance() {
      case .bars:
        let bars = engine.bars
        guard bars.time <= last else { return recorder.transcript }
        while let fill = engine.nextUnreportedFill() {
          recorder.add(.fill(fill))
          strategy.onFill(fill, &engine.trading)
        }
        recorder.addAccount(engine.trading)
        strategy.onBars(bars, &engine.trading)
        recorder.finish(.bars, at: bars.time, strategy, engine.trading)
      case .timer(let tag):
        let time = engine.trading.now
        guard time <= last else { return recorder.transcript }
        recorder.digest.add(tag)
        recorder.addAccount(engine.trading)
        strategy.onTimer(tag, &engine.trading)
        recorder.finish(.timer, at: time, strategy, engine.trading)
      case .finished: return recorder.transcript
      }
    }
    return recorder.transcript
  }

  private mutating func addAccount(_ trading: borrowing TradingContext) {
    add(
      .account(
        cash: trading.cash, equity: trading.equity, isWarmingUp: trading.isWarmingUp))
  }

  /// Takes in what the strategy left behind at a moment.
  private mutating func finish(
    _ kind: DecisionTranscript.Moment.Kind, at time: Timestamp, _ strategy: some Strategy,
    _ trading: borrowing TradingContext
  ) {
    if let observer = strategy as? any ObservingStrategy, !trading.isWarmingUp {
      addObservations(of: observer)
    }
    // Counted first, because most moments leave nothing behind.
    if trading.forecastsSoFar.count > forecastCount {
      for forecast in trading.forecastsSoFar[forecastCount...] { addLeft(.forecast(forecast)) }
      forecastCount = trading.forecastsSoFar.count
    }
    if trading.decisionsSoFar.count > decisionCount {
      for decision in trading.decisionsSoFar[decisionCount...] { addLeft(.decision(decision)) }
      decisionCount = trading.decisionsSoFar.count
    }
    if trading.notesSoFar.count > noteCount {
      for note in trading.notesSoFar[noteCount...] { addLeft(.note(note.text)) }
      noteCount = trading.notesSoFar.count
    }
    for request in trading.pendingRequests {
      addLeft(.request(request))
      request.addWish(to: &wish)
      asked = true
    }
    transcript.moments.append(
      DecisionTranscript.Moment(
        time: time, kind: kind, digest: digest.value, wish: wish.value, asked: asked,
        isActive: isActive, hasOrders: trading.hasWaitingOrders))
    digest = EventDigest()
    wish = EventDigest()
    (asked, isActive) = (false, false)
  }

  private mutating func addObservations(of observer: any ObservingStrategy) {
    var position = 0
    observer.forEachObservation { numbers in
      var digest = EventDigest()
      for number in numbers { digest.add(number) }
      add(
        .observation(
          position: position, digest: digest.value, numbers: isKeeping ? Array(numbers) : []))
      position += 1
    }
  }

  private var isKeeping: Bool { keeps == transcript.moments.count }

  private mutating func addLeft(_ event: DecisionEvent) {
    isActive = true
    add(event)
  }

  private mutating func add(_ event: DecisionEvent) {
    event.add(to: &digest)
    if isKeeping { transcript.kept.append(event) }
  }
}

extension DecisionEvent {
  /// Takes every part of the event into a digest, by its bits.
  func add(to digest: inout EventDigest) {
    switch self {
    case .fill(let fill):
      digest.add(1)
      digest.add(fill.order.number)
      digest.add(fill.instrument.index)
      digest.add(fill.time.nanoseconds)
      for number in [fill.quantity, fill.price, fill.slippage, fill.commission, fill.tax] {
        digest.add(number)
      }
    case .account(let cash, let equity, let isWarmingUp):
      digest.add(isWarmingUp ? 3 : 2)
      digest.add(cash)
      digest.add(equity)
    case .observation(let position, let numbers, _):
      digest.add(4)
      digest.add(position)
      digest.add(numbers)
    case .forecast(let forecast):
      digest.add(5)
      digest.add(forecast.instrument.index)
      digest.add(forecast.row)
      digest.add(forecast.score)
      digest.add(forecast.probabilityUp)
      digest.add(forecast.expectedReturn)
      digest.add(forecast.deviation)
      digest.add(forecast.interval?.lower)
      digest.add(forecast.interval?.upper)
    case .decision(let decision):
      digest.add(6)
      digest.add(decision.instrument.index)
      digest.add(decision.weight)
      digest.add(decision.targetWeight)
      digest.add(decision.units)
      digest.add(decision.action)
    case .note(let text):
      digest.add(7)
      digest.add(text.utf8.count)
      for byte in text.utf8 { digest.add(byte) }
    case .request(let request): request.add(to: &digest)
    }
  }
}

extension StrategyRequest {
  fileprivate func add(to digest: inout EventDigest) {
    switch self {
    case .order(let order): order.add(to: &digest)
    case .cancellation(let order):
      digest.add(9)
      digest.add(order.number)
    case .cancellations(let instrument):
      digest.add(14)
      digest.add(instrument?.index ?? -1)
    case .modification(let change):
      digest.add(15)
      digest.add(change.order.number)
      for number in [change.quantity, change.limit, change.trigger] { digest.add(number) }
      if let trail = change.trail { trail.add(to: &digest) }
    case .timer(let time, let tag):
      digest.add(10)
      digest.add(time.nanoseconds)
      digest.add(tag)
    case .weight(let instrument, let number):
      digest.add(11)
      digest.add(instrument.index)
      digest.add(number)
    case .value(let instrument, let number):
      digest.add(12)
      digest.add(instrument.index)
      digest.add(number)
    case .quantity(let instrument, let number):
      digest.add(13)
      digest.add(instrument.index)
      digest.add(number)
    }
  }
}

extension StrategyRequest {
  /// Takes in the instrument and the direction of what was asked for, and a weight as it is.
  fileprivate func addWish(to digest: inout EventDigest) {
    switch self {
    case .order(let order):
      digest.add(order.instrument.index)
      digest.add(order.quantity > 0 ? 1 : 2)
      for byte in order.kind.word.utf8 { digest.add(byte) }
    case .weight(let instrument, let number):
      digest.add(instrument.index)
      digest.add(number)
    case .value(let instrument, let number), .quantity(let instrument, let number):
      digest.add(instrument.index)
      digest.add(number == 0 ? 0 : number > 0 ? 1 : 2)
    case .cancellation, .cancellations, .modification, .timer: break
    }
  }
}

extension Order {
  fileprivate func add(to digest: inout EventDigest) {
    digest.add(8)
    digest.add(assignedID.number)
    digest.add(instrument.index)
    digest.add(quantity)
    for byte in kind.word.utf8 { digest.add(byte) }
    digest.add(kind.triggerPrice)
    digest.add(kind.limitPrice)
    if let trail = kind.trail { trail.add(to: &digest) }
    for byte in timeInForce.code.utf8 { digest.add(byte) }
    if case .goodTil(let time) = timeInForce { digest.add(time.nanoseconds) }
    digest.add(group)
    digest.add(parent.number)
    digest.add(reduceOnly ? 1 : 0)
    digest.add(postOnly ? 1 : 0)
  }
}

extension Order.Trail {
  fileprivate func add(to digest: inout EventDigest) {
    switch self {
    case .amount(let distance):
      digest.add(0)
      digest.add(distance)
    case .percent(let percent):
      digest.add(1)
      digest.add(percent)
    }
  }
}
