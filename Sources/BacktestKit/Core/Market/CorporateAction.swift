/// Something that a company does to its shares, with the session on whose open it takes effect.
///
///     let actions = [
///       CorporateAction("AAPL", on: CivilDate("2005-02-28")!, .split(ratio: 2)),
///       CorporateAction(
///         "AAPL", on: CivilDate("2012-08-09")!, .dividend(2.65),
///         payDate: CivilDate("2012-08-16")),
///     ]
///     let series = try raw.adding(actions)
public struct CorporateAction: Hashable, Sendable {
  /// Whose shares.
  public var symbol: String
  /// The first session on which shares trade without what is paid, or in the new units.
  public var exDate: CivilDate
  /// What happens.
  public var kind: Kind
  /// When a dividend is paid; `nil` pays it on the ex-date.
  public var payDate: CivilDate?

  /// What happens to shares.
  public enum Kind: Hashable, Sendable {
    /// Each share becomes so many; fewer than one in a reverse split.
    case split(ratio: Double)
    /// So much money for each share, in units of the ex-date.
    case dividend(Double)
    /// The same, outside the usual payments.
    case specialDividend(Double)
    /// The shares go on under another symbol.
    case symbolChange(to: String)
    /// The shares cease to exist, and each brings so much money, or nothing.
    case delisting(price: Double)
    /// Each share is bought for so much money.
    case cashMerger(price: Double)
    /// Each share becomes so many shares of another company.
    case shareMerger(ratio: Double, into: String)
    /// A future is closed, and as many contracts of another are opened, both at the next open with
    /// costs.
    case roll(into: String)

    /// The name in files of actions.
    package var name: String {
      switch self {
      case .split(let ratio): ratio < 1 ? "reverse-split" : "split"
      case .dividend: "dividend"
      case .specialDividend: "special-dividend"
      case .symbolChange: "symbol-change"
      case .delisting: "delisting"
      case .cashMerger: "merger-cash"
      case .shareMerger: "merger-shares"
      case .roll: "roll"
      }
    }

    /// The ratio, or the money for each share; `nil` for a change of symbol.
    package var value: Double? {
      switch self {
      case .split(let value), .dividend(let value), .specialDividend(let value),
        .delisting(let value), .cashMerger(let value), .shareMerger(let value, _):
        value
      case .symbolChange, .roll: nil
      }
    }

    /// The symbol under which shares go on; `nil` where they keep theirs, or end.
    package var newSymbol: String? {
      switch self {
      case .symbolChange(let symbol), .shareMerger(_, let symbol), .roll(let symbol): symbol
      default: nil
      }
    }

    /// The factor by which units are multiplied; 1 where they stay.
    var unitRatio: Double { if case .split(let ratio) = self { ratio } else { 1 } }

    /// Whether nothing can happen to the shares afterwards.
    var endsShares: Bool {
      switch self {
      case .delisting, .cashMerger, .shareMerger: true
      default: false
      }
    }

    /// What is wrong with the numbers; `nil` when nothing is.
    package var problem: String? {
      switch self {
      case .split(let ratio), .shareMerger(let ratio, _):
        ratio > 0 && ratio.isFinite ? nil : "a ratio must be above 0, not \(ratio)"
      case .dividend(let amount), .specialDividend(let amount):
        amount > 0 && amount.isFinite ? nil : "a dividend must be above 0, not \(amount)"
      case .delisting(let price), .cashMerger(let price):
        price >= 0 && price.isFinite ? nil : "a final price must be 0 or more, not \(price)"
      case .symbolChange, .roll: nil
      }
    }
  }

  /// An action from its parts.
  public init(
    _ symbol: String, on exDate: CivilDate, _ kind: Kind, payDate: CivilDate? = nil
  ) {
    self.symbol = symbol
    self.exDate = exDate
    self.kind = kind
    self.payDate = payDate
  }
}

extension BarSeries {
  /// The series with what happened to its shares. Prices stay in the units of their day.
  ///
  /// - Parameter actions: those of other symbols are left out; the order within one session is
  ///   that of the list.
  /// - Throws: `MarketError` for adjusted prices, in which the actions already are; for an action
  ///   whose numbers cannot be, or which falls inside a bar, as in weekly bars.
  public func adding(_ actions: [CorporateAction]) throws(MarketError) -> BarSeries {
    var own = actions.filter { $0.symbol == instrument.symbol }
    guard !own.isEmpty else { return self }
    func refuse(_ problem: String) -> MarketError {
      MarketError(symbol: instrument.symbol, problem)
    }
    guard priceBasis == .raw else {
      throw refuse(
        "prices are adjusted, so that splits and dividends are in them already; use raw prices "
          + "with a list of actions, or adjusted prices without one")
    }
    own = (self.actions + own).enumerated().sorted {
      ($0.element.exDate, $0.offset) < ($1.element.exDate, $1.offset)
    }.map(\.element)
    var series = self
    series.actions = own
    var factors: [(row: Int, ratio: Double)] = []
    for action in own {
      if let problem = action.kind.problem {
        throw refuse("\(action.kind.name) on \(action.exDate): \(problem)")
      }
      if let pay = action.payDate, pay < action.exDate {
        throw refuse("\(action.kind.name) on \(action.exDate): it is paid before, on \(pay)")
      }
      guard let effect = effect(of: action.exDate) else {
        throw refuse(
          "\(action.kind.name) on \(action.exDate) falls inside a bar, whose prices then have two "
            + "units; use bars of a session or shorter")
      }
      if let problem = problem(with: action, from: effect.row, among: own) {
        throw refuse("\(action.kind.name) on \(action.exDate): \(problem)")
      }
      if action.kind.unitRatio != 1 { factors.append((effect.row, action.kind.unitRatio)) }
    }
    series.setScale(factors)
    return series
  }

  /// Why an action cannot happen to these shares; `nil` where it can.
  private func problem(
    with action: CorporateAction, from row: Int, among all: [CorporateAction]
  ) -> String? {
    if action.kind.newSymbol == instrument.symbol {
      return "the new symbol is the old one"
    }
    if case .roll = action.kind, instrument.assetClass != .future {
      return "only a future is rolled, and this is of the class '\(instrument.assetClass.rawValue)'"
    }
    let end = all.first { $0.kind.endsShares }
    if let end, end != action, end.exDate < action.exDate {
      return "the shares have ended before, with the \(end.kind.name) on \(end.exDate)"
    }
    switch action.kind {
    case .dividend(let amount), .specialDividend(let amount):
      let isSplit = all.contains { $0.exDate == action.exDate && $0.kind.unitRatio != 1 }
      guard row > 0, row < count, !isSplit, amount >= close[row - 1] else { return nil }
      return "\(NumberText.exact(amount)) for each share is not below the close before it, "
        + NumberText.exact(close[row - 1])
    default: return nil
    }
  }

  /// When an action takes effect: before the open of its first session, and before the row of the
  /// first bar in it. `nil` where a bar lies on both sides.
  package func effect(of exDate: CivilDate) -> (time: Timestamp, row: Int)? {
    let calendar = calendar ?? AlwaysOpenCalendar()
    guard let session = calendar.session(onOrAfter: exDate) else { return nil }
    let row = firstRow { calendar.sessionDate(of: closeTimes[$0]) >= session.date }
    guard row < count, openTimes[row] < session.open else { return (session.open, row) }
    // Bars before the session's hours belong to it; a longer bar began before the last session
    // ended.
    let isWithin = calendar.sessionDate(of: openTimes[row]) == session.date
    return isWithin ? (openTimes[row], row) : nil
  }

  /// Closes as a holder earned them: continuous, and with each dividend put back into shares at the
  /// close of its ex-date, so that their returns are total returns. The closes themselves where
  /// nothing happened to the shares.
  ///
  /// A dividend `D` multiplies what is held by `1 + D / close`, as the Center for Research in
  /// Security Prices defines the return of an ex-date.
  public var totalReturnCloses: Column<Double> {
    let closes = continuous(3, \.close)
    var growth: [(row: Int, factor: Double)] = []
    for action in actions {
      switch action.kind {
      case .dividend(let amount), .specialDividend(let amount):
        guard let row = effect(of: action.exDate)?.row, row < count else { continue }
        growth.append((row, 1 + amount / close[row]))
      default: continue
      }
    }
    guard !growth.isEmpty else { return closes }
    var values = Array(closes)
    for step in growth {
      for row in step.row..<count { values[row] *= step.factor }
    }
    return Column(values)
  }

  /// One of the columns of `continuous`, in the order in which bars have them.
  func continuous(_ index: Int, _ raw: KeyPath<BarSeries, Column<Double>>) -> Column<Double> {
    continuousColumns.isEmpty ? self[keyPath: raw] : continuousColumns[index]
  }

  /// The bars in one unit throughout: prices times `scale`, and volumes over it. The same series
  /// where nothing was split.
  public var continuous: BarSeries {
    guard !continuousColumns.isEmpty else { return self }
    var series = BarSeries(
      trusted: instrument, timeframe: timeframe, calendar: calendar,
      times: [openTimes, closeTimes], prices: continuousColumns, priceBasis: priceBasis)
    series.source = source
    series.issues = issues
    return series
  }
}

extension TradingCalendar {
  /// The first session of a date or later, searched for a month ahead.
  func session(onOrAfter date: CivilDate) -> Session? {
    for days in 0...31 {
      if let session = session(on: date.adding(days: days)) { return session }
    }
    return nil
  }
}

extension Universe {
  /// The universe with what happened to its shares; actions of other symbols are left out.
  ///
  /// - Throws: `MarketError` as `BarSeries.adding` does, and for a merger into shares that are not
  ///   in the universe.
  public func adding(_ actions: [CorporateAction]) throws(MarketError) -> Universe {
    var changed: [BarSeries] = []
    for one in series { changed.append(try one.adding(actions)) }
    for one in changed {
      for action in one.actions {
        guard let symbol = action.kind.newSymbol, instrument(symbol) == nil else { continue }
        if case .symbolChange = action.kind { continue }
        throw MarketError(
          symbol: one.instrument.symbol,
          "\(action.kind.name) on \(action.exDate) into \(symbol), of which there are no prices; "
            + "add them")
      }
    }
    return try Universe(changed).carrying(self)
  }
}

/// An action with its place in a replay.
struct ScheduledAction: Sendable {
  var time: Timestamp
  var instrument: Int
  var action: CorporateAction
  /// When a dividend is paid; `nil` at once.
  var payTime: Timestamp?
  /// The instrument that takes the place of this one, or -1.
  var successor: Int

  /// All actions of a universe, in order of time, instrument and list.
  static func all(_ universe: Universe) -> [ScheduledAction] {
    var found: [ScheduledAction] = []
    for (instrument, series) in universe.series.enumerated() {
      let calendar = series.calendar ?? AlwaysOpenCalendar()
      for action in series.actions {
        guard let effect = series.effect(of: action.exDate) else { continue }
        let pay = action.payDate.flatMap { calendar.session(onOrAfter: $0)?.open }
        let successor = action.kind.newSymbol.flatMap(universe.instrument)
        found.append(
          ScheduledAction(
            time: effect.time, instrument: instrument, action: action,
            payTime: pay.flatMap { $0 > effect.time ? $0 : nil },
            successor: successor.map { Int($0.index) } ?? -1))
      }
    }
    return found.enumerated().sorted {
      ($0.element.time, $0.element.instrument, $0.offset)
        < ($1.element.time, $1.element.instrument, $1.offset)
    }.map(\.element)
  }
}
