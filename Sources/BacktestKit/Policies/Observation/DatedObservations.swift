import BacktestCore

/// Compares observations of a training with those that the bars of a study give on the same days.
///
/// A golden decision shows that the network and the normaliser are right. One with a date shows
/// that the features are too: that none is swapped with another, scaled differently, or computed
/// from other prices.
struct DatedObservations {
  private let builder: ObservationBuilder
  private let universe: Universe
  private let assetCount: Int

  /// - Parameter builder: one that has seen no bar.
  init(_ builder: ObservationBuilder, of universe: Universe, assetCount: Int) {
    self.builder = builder
    self.universe = universe
    self.assetCount = assetCount
  }

  /// How the first golden decision with a date differs from the bars; `nil` where none does.
  ///
  /// Days that the bars do not have, or before the first complete observation, are left out, as are
  /// the numbers of the account.
  func problem(_ golden: [GoldenDecision], symbol: String?) -> String? {
    let dated = golden.filter { $0.date != nil && ($0.asset == nil || $0.asset == symbol) }
    guard let last = dated.compactMap(\.date).max() else { return nil }
    let days = Set(dated.compactMap(\.date))
    let found = observations(on: days, until: last)
    let account = builder.accountNumbers
    for decision in dated {
      guard let date = decision.date, let numbers = found[date] else { continue }
      for (place, wanted) in decision.observation.enumerated()
      where !account.contains(place) && !isSame(numbers[place], wanted) {
        return "the golden decision of \(date): number \(place) of the observation is "
          + "\(wanted) in the manifest, but \(numbers[place]) from these bars; order or scale of "
          + "features, or the prices, are not the trainer's"
      }
    }
    return nil
  }

  /// Trainers keep observations in 32 bits and may sum in another order.
  private func isSame(_ found: Double, _ wanted: Double) -> Bool {
    abs(found - wanted) <= 1e-6 + 1e-5 * abs(wanted)
  }

  /// The observations after the last bars of some days.
  private func observations(
    on days: Set<CivilDate>, until last: CivilDate
  ) -> [CivilDate: [Double]] {
    let feed = Feed(universe)
    var builder = builder
    let state = PolicyAccountState(assetCount: assetCount)
    var numbers = [Double](repeating: 0, count: builder.count)
    var found: [CivilDate: [Double]] = [:]
    for instant in feed.instants.indices {
      let bars = BarSlice(feed: feed, instant: instant, since: instant)
      let date = universe.sessionDate(of: bars.time)
      guard date <= last else { break }
      builder.update(bars, state: state)
      guard days.contains(date) else { continue }
      let status = numbers.withUnsafeMutableBufferPointer { builder.fill($0, state: state) }
      if status == .ready { found[date] = numbers }
    }
    return found
  }
}
