package import BacktestCore

extension BarSlice {
  /// The bars that closed at one instant.
  package init(feed: Feed, instant: Int) { self.init(feed: feed, instant: instant, since: instant) }
}
