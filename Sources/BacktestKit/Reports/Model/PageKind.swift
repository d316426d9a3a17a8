/// A kind of page that has no result beside it.
package enum PageKind: String, Sendable, CaseIterable {
  /// Several runs beside each other.
  case comparison
  /// Returns of any origin.
  case returns

  /// What a page of the kind says in its head.
  package var mark: String { "BacktestKit \(rawValue)" }
}
