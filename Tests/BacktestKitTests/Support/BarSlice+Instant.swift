@testable import BacktestKit

extension BarSlice {
  /// The bars that closed at one instant.
  init(feed: Feed, instant: Int) { self.init(feed: feed, instant: instant, since: instant) }
}
