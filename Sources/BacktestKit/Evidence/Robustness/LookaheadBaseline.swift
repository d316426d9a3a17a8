import BacktestCore

/// The run over all bars, with which the others are compared.
struct LookaheadBaseline: Sendable {
  private let proof: LookaheadProof
  private let configuration: BacktestConfiguration
  let feed: Feed
  private let transcript: DecisionTranscript
  /// The instants to cut at, ascending.
  let cuts: [Int]
  /// The last instant that is decided.
  private let end: Timestamp

  /// What a run with changed bars differs in.
  struct Finding: Sendable {
    /// The moments that were compared.
    var momentCount: Int
    var difference: Difference?
  }

  /// The first difference between two runs.
  struct Difference: Sendable {
    var change: LookaheadChange
    /// `nil` before the first bar.
    var time: Timestamp?
    var kind: LookaheadViolation.Kind
    var instrument: InstrumentID?
    var withAllBars: String
    var withChangedBars: String
  }

  init(_ proof: LookaheadProof) throws(LookaheadError) {
    self.proof = proof
    var configuration = proof.configuration
    let feed = Feed(proof.universe)
    var last = feed.instants.count - 1
    if let window = configuration.window {
      // The last close of a window is not decided, so that a cut would lose its own decision.
      configuration.warmup = window.lowerBound - 1
      configuration.window = nil
      last = window.upperBound - 2
    }
    do throws(ConfigurationError) {
      try configuration.validate(for: proof.universe)
    } catch {
      throw .configuration(error)
    }
    self.configuration = configuration
    self.feed = feed
    let strategy = try Self.make(proof, for: proof.universe)
    let warmup = max(0, configuration.warmup ?? strategy.warmup)
    guard warmup < last else {
      throw .tooFewBars(available: feed.instants.count, warmup: warmup)
    }
    end = feed.instants[last]
    transcript = DecisionRecorder.record(strategy, on: feed, configuration, through: end)
    let active = Self.instants(of: transcript, in: feed)
    // After a ruin nobody decides any more, and at the last bar nothing is cut off.
    let stop = max(warmup + 1, min(last, active.last + 1))
    cuts =
      LookaheadCuts(
        proof.cutCount, among: warmup..<stop, asked: active.asked, seed: proof.seed
      ).instants
  }

  /// The last instant of a transcript, and those at which the strategy asked for something.
  private static func instants(
    of transcript: DecisionTranscript, in feed: Feed
  ) -> (asked: [Int], last: Int) {
    var asked: [Int] = []
    var instant = 0
    for moment in transcript.moments where moment.kind != .start {
      while instant + 1 < feed.instants.count, feed.instants[instant + 1] <= moment.time {
        instant += 1
      }
      if moment.asked, asked.last != instant { asked.append(instant) }
    }
    return (asked, instant)
  }

  private static func make(
    _ proof: LookaheadProof, for universe: Universe
  ) throws(LookaheadError) -> any Strategy {
    do throws(StrategyError) {
      return try proof.definition.make(proof.parameters, for: universe)
    } catch {
      throw .strategy(error)
    }
  }
}

// Comparing
extension LookaheadBaseline {
  /// Throws unless a second run over all bars is the same.
  func checkReproduced() throws(LookaheadError) {
    let strategy = try Self.make(proof, for: proof.universe)
    let again = DecisionRecorder.record(strategy, on: feed, configuration, through: end)
    guard let place = firstDifference(transcript.moments[...], again.moments[...]) else { return }
    let second = try Self.make(proof, for: proof.universe)
    let found = try difference(at: place, second, on: feed, through: end, .truncated)
    throw .notReproducible(
      time: found.time, first: "\(found.kind.rawValue) \(found.withAllBars)",
      second: found.withChangedBars)
  }

  /// Whether the strategy asks for the same where all bars after the first cut are others: it then
  /// decides by something else than bars. Few requests prove nothing.
  func ignoresBars() -> Bool {
    guard let cut = cuts.first else { return false }
    let time = feed.instants[cut]
    let universe = proof.universe.shuffled(
      after: time, seed: proof.seed, stream: "lookahead/shuffle/\(cut)")
    guard let strategy = try? Self.make(proof, for: universe) else { return false }
    let changed = DecisionRecorder.record(
      strategy, on: Feed(universe), configuration, through: end)
    let (own, other) = (transcript.requests(after: time), changed.requests(after: time))
    return own.count >= 20 && own == other
  }

  /// Runs with bars that are changed after an instant.
  func finding(at instant: Int, _ change: LookaheadChange) throws(LookaheadError) -> Finding {
    let time = feed.instants[instant]
    let universe =
      switch change {
      case .truncated: proof.universe.truncated(after: time)
      case .shuffled:
        proof.universe.shuffled(
          after: time, seed: proof.seed, stream: "lookahead/shuffle/\(instant)")
      }
    let strategy: any Strategy
    do throws(StrategyError) {
      strategy = try proof.definition.make(proof.parameters, for: universe)
    } catch {
      return refused(error, at: time, change)
    }
    let changedFeed = Feed(universe)
    let changed = DecisionRecorder.record(strategy, on: changedFeed, configuration, through: time)
    let known = knownTime(at: instant, change, changed)
    let (own, other) = (transcript.moments(through: known), changed.moments(through: known))
    guard let place = firstDifference(own, other) else { return Finding(momentCount: own.count) }
    let anew = try Self.make(proof, for: universe)
    let found = try difference(at: place, anew, on: changedFeed, through: known, change)
    return Finding(momentCount: own.count, difference: found)
  }

  /// The last moment whose decisions a run with changed bars has to share.
  ///
  /// What is known at a cut is more than the bars that are closed: the opens of bars that close
  /// later, at which orders may have been filled. And in a run that ends there, its last bars are
  /// the ends of their series, and its last instant is the end of a session: what the rules of a
  /// run do for these reasons alone is no knowledge of the strategy.
  private func knownTime(
    at instant: Int, _ change: LookaheadChange, _ changed: DecisionTranscript
  ) -> Timestamp {
    let time = feed.instants[instant]
    var known = time
    for series in proof.universe.series {
      let next = series.closedCount(at: time)
      guard next < series.count, series.openTimes[next] < known else { continue }
      let open = series.openTimes[next]
      if transcript.moments(through: open).last?.hasOrders ?? false { known = open }
    }
    guard change == .truncated else { return known }
    if configuration.decisions == .allClosed,
      !transcript.hasBars(at: time) || !changed.hasBars(at: time)
    {
      known = min(known, time - TimeSpan(nanoseconds: 1))
    }
    if configuration.onSeriesEnd == .close {
      for series in proof.universe.series {
        let count = series.closedCount(at: time)
        guard count > 0, count < series.count else { continue }
        known = min(known, series.closeTimes[count - 1])
      }
    }
    return known
  }

  /// A strategy that cannot be made of the bars up to the cut, though it has decided by then.
  private func refused(
    _ error: StrategyError, at time: Timestamp, _ change: LookaheadChange
  ) -> Finding {
    let own = transcript.moments(through: time)
    guard own.contains(where: \.isActive) else { return Finding(momentCount: 0) }
    return Finding(
      momentCount: own.count,
      difference: Difference(
        change: change, time: nil, kind: .construction, instrument: nil,
        withAllBars: "possible", withChangedBars: "impossible (\(error))"))
  }

  /// The first place at which two transcripts differ.
  private func firstDifference(
    _ a: ContiguousArray<DecisionTranscript.Moment>.SubSequence,
    _ b: ContiguousArray<DecisionTranscript.Moment>.SubSequence
  ) -> Int? {
    for (place, pair) in zip(a, b).enumerated() where pair.0 != pair.1 { return place }
    return a.count == b.count ? nil : min(a.count, b.count)
  }

  /// What differs at a moment: both runs once more, keeping that moment in full.
  private func difference(
    at place: Int, _ strategy: any Strategy, on changedFeed: Feed, through last: Timestamp,
    _ change: LookaheadChange
  ) throws(LookaheadError) -> Difference {
    let own = DecisionRecorder.record(
      try Self.make(proof, for: proof.universe), on: feed, configuration, through: last,
      keeping: place)
    let other = DecisionRecorder.record(
      strategy, on: changedFeed, configuration, through: last, keeping: place)
    let moments = (own.moment(place), other.moment(place))
    let time = moments.0?.time ?? moments.1?.time
    var found = Difference(
      change: change, time: time == .distantPast ? nil : time, kind: .schedule,
      withAllBars: moments.0.map(\.text) ?? "no decision",
      withChangedBars: moments.1.map(\.text) ?? "no decision")
    guard let a = moments.0, let b = moments.1, a.time == b.time, a.kind == b.kind else {
      return found
    }
    for index in 0..<max(own.kept.count, other.kept.count) {
      let a = index < own.kept.count ? own.kept[index] : nil
      let b = index < other.kept.count ? other.kept[index] : nil
      if let a, let b, a.digest == b.digest { continue }
      guard let shown = a ?? b else { break }
      (found.kind, found.instrument) = (shown.kind, shown.instrument)
      if let a, let b, a.kind == b.kind, a.instrument == b.instrument {
        (found.withAllBars, found.withChangedBars) = a.texts(beside: b)
      } else {
        found.withAllBars = a.map { $0.kind == shown.kind ? $0.text : "absent" } ?? "absent"
        found.withChangedBars = b.map { $0.kind == shown.kind ? $0.text : "absent" } ?? "absent"
      }
      return found
    }
    return found
  }

  /// The cuts with their violations.
  ///
  /// - Parameter findings: those of each cut, in the order of the changes.
  func judged(_ findings: [[Finding]]) -> [LookaheadVerdict.Cut] {
    let differences = findings.joined().compactMap(\.difference)
    let reaches = zip(cuts, findings).map { cut, own in
      own.map { $0.difference.map { reach(of: $0, at: cut) } ?? 0 }
    }
    let clue = LookaheadClue(
      pricesMatter: differences.contains { $0.change == .shuffled },
      largestReach: reaches.joined().max() ?? 0, span: feed.instants.count)
    return cuts.indices.map { index in
      let (instant, own) = (cuts[index], findings[index])
      return LookaheadVerdict.Cut(
        time: feed.instants[instant], momentCount: own.reduce(0) { $0 + $1.momentCount },
        violations: own.compactMap(\.difference).map { found in
          LookaheadViolation(
            cut: feed.instants[instant], change: found.change, time: found.time,
            reach: reach(of: found, at: instant), kind: found.kind,
            symbol: found.instrument.map { feed.universe[$0].instrument.symbol },
            withAllBars: found.withAllBars, withChangedBars: found.withChangedBars,
            explanation: clue.explanation(of: found.kind))
        })
    }
  }

  /// The instants between a difference and its cut; all of them where it is the strategy itself.
  private func reach(of difference: Difference, at instant: Int) -> Int {
    difference.time.map { instant - instantIndex(of: $0) } ?? instant + 1
  }

  /// The last instant at or before a time.
  private func instantIndex(of time: Timestamp) -> Int {
    var (low, high) = (0, feed.instants.count)
    while low < high {
      let middle = (low + high) / 2
      if feed.instants[middle] <= time { low = middle + 1 } else { high = middle }
    }
    return max(0, low - 1)
  }
}

extension DecisionTranscript {
  /// The moments up to a time.
  fileprivate func moments(through time: Timestamp) -> ContiguousArray<Moment>.SubSequence {
    var (low, high) = (0, moments.count)
    while low < high {
      let middle = (low + high) / 2
      if moments[middle].time <= time { low = middle + 1 } else { high = middle }
    }
    return moments[..<low]
  }

  /// The moments after a time at which the strategy asked for something, and for what.
  fileprivate func requests(after time: Timestamp) -> [Request] {
    moments.lazy.filter { $0.asked && $0.time > time }.map { Request(time: $0.time, wish: $0.wish) }
  }

  fileprivate struct Request: Equatable {
    var time: Timestamp
    var wish: UInt64
  }

  /// Whether the strategy was asked about bars that closed at a time.
  fileprivate func hasBars(at time: Timestamp) -> Bool {
    moments(through: time).reversed().prefix { $0.time == time }.contains { $0.kind == .bars }
  }

  fileprivate func moment(_ place: Int) -> Moment? {
    place < moments.count ? moments[place] : nil
  }
}

extension DecisionTranscript.Moment {
  /// When the strategy was asked, and why.
  fileprivate var text: String {
    switch kind {
    case .start: "the start"
    case .bars: "bars at \(time)"
    case .timer: "a timer at \(time)"
    }
  }
}

extension DecisionEvent {
  /// Its digest alone.
  fileprivate var digest: UInt64 {
    var digest = EventDigest()
    add(to: &digest)
    return digest.value
  }
}
