public import BacktestCore

/// Where the profit of a run came from: which instruments, which kinds of profit and cost, long or
/// short positions, and how long they were held.
///
///     let attribution = ProfitAttribution(result)
///     for part in attribution.instruments { print(part.symbol ?? "account", part.total) }
///
/// The components sum to the change of equity, and so do those of the instruments.
public struct ProfitAttribution: Hashable, Sendable {
  /// Equity at the end less all capital that was paid in, in account currency.
  public let total: Double
  /// What each kind of profit and cost came to over all instruments.
  public let components: [Component]
  /// What each instrument came to, in universe order, and last what belongs to none. Instruments
  /// that never moved money are left out.
  public let instruments: [InstrumentPart]
  /// Round trips by side, net of commission and slippage, and last what no round trip has.
  public let sides: [TradeGroup]
  /// Round trips by the number of bars from entry to exit, and last what no round trip has.
  public let holdingPeriods: [TradeGroup]

  /// A kind of profit or cost.
  public struct Component: Hashable, Sendable {
    /// `price` for moves of prices with trades at reference prices, `slippage`, `fx` for what
    /// exchange rates did to positions and balances, or the kind of a ledger entry, such as
    /// `commission`.
    public var name: String
    /// Money; negative for costs.
    public var amount: Double
  }

  /// What an instrument came to.
  public struct InstrumentPart: Hashable, Sendable {
    /// The instrument's symbol; `nil` for what belongs to the account as a whole.
    public var symbol: String?
    /// Its components, in the order of all; those of 0 are left out.
    public var components: [Component]
    /// The sum of its components.
    public var total: Double
  }

  /// Round trips that have something in common.
  public struct TradeGroup: Hashable, Sendable {
    /// What they have in common, such as `long` or `2 to 5 bars`.
    public var name: String
    /// How many, those still open included.
    public var count: Int
    /// Their profit, net of commission and slippage.
    public var profit: Double
  }

  /// The attribution of a run.
  public init(_ result: BacktestResult) {
    var books = ComponentBooks(instrumentCount: result.universe.count)
    for entry in result.ledger { books.add(entry) }
    for fill in result.fills {
      books.add("price", fill.slippage, to: fill.instrument)
      books.add("slippage", -fill.slippage, to: fill.instrument)
    }
    for (index, position) in result.account.positions.enumerated()
    where position.value != 0
      && result.universe.series[index].instrument.assetClass.paysNotional
    {
      books.add("price", position.value, to: InstrumentID(index))
    }
    for index in result.universe.series.indices {
      let instrument = InstrumentID(index)
      let rates = result.account.exchangeProfit(of: index)
      books.add("price", -rates.positions, to: instrument)
      books.add("dividend", -rates.payments, to: instrument)
      books.add("fx", rates.positions + rates.payments, to: instrument)
    }
    let total = result.account.equity - books.deposits
    // What is owed or owing at the end, and has no entry in the ledger yet.
    let rest = total - books.sum
    let scale = max(abs(result.account.equity), books.deposits, result.account.grossExposure)
    if abs(rest) > 1e-9 * scale { books.add("unsettled", rest, to: nil) }
    self.total = total
    components = books.total
    let symbols = result.universe.series.map { Optional($0.instrument.symbol) } + [nil]
    instruments = zip(symbols, books.parts).compactMap { symbol, part in
      part.isEmpty
        ? nil
        : InstrumentPart(
          symbol: symbol, components: part, total: part.compensatedSum(\.amount))
    }
    let trades = result.trades
    sides = Self.groups(trades, total: total, names: ["long", "short"]) { $0.isLong ? 0 : 1 }
    holdingPeriods = Self.groups(trades, total: total, names: Self.periods.map(\.name)) { trade in
      Self.periods.firstIndex { trade.barCount <= $0.longest } ?? Self.periods.count - 1
    }
  }

  private static let periods: [(name: String, longest: Int)] = [
    ("within a bar", 0), ("1 bar", 1), ("2 to 5 bars", 5), ("6 to 21 bars", 21),
    ("22 to 63 bars", 63), ("64 to 252 bars", 252), ("more than 252 bars", .max),
  ]

  private static func groups(
    _ trades: [RoundTrip], total: Double, names: [String], by group: (RoundTrip) -> Int
  ) -> [TradeGroup] {
    var groups = names.map { TradeGroup(name: $0, count: 0, profit: 0) }
    var sums = names.map { _ in CompensatedSum() }
    var all = CompensatedSum()
    for trade in trades {
      let place = group(trade)
      groups[place].count += 1
      sums[place].add(trade.profit)
      all.add(trade.profit)
    }
    for place in groups.indices { groups[place].profit = sums[place].value }
    groups.removeAll { $0.count == 0 }
    // What is left below the last digits of the sums is rounding.
    let rest = total - all.value
    let isRounding = abs(rest) <= 1e-12 * max(abs(total), abs(all.value))
    groups.append(
      TradeGroup(name: "no round trip", count: 0, profit: isRounding ? 0 : rest))
    return groups
  }
}

/// Sums of money by instrument and component.
private struct ComponentBooks {
  /// The components in the order in which they are listed.
  private var names = ["price", "commission", "slippage"]
  /// For each instrument, and last for the account, a sum for each component.
  private var sums: [[CompensatedSum]]
  private(set) var deposits = 0.0

  init(instrumentCount: Int) {
    sums = Array(
      repeating: Array(repeating: CompensatedSum(), count: names.count), count: instrumentCount + 1)
  }

  /// Takes an entry of the ledger, whatever its kind.
  mutating func add(_ entry: LedgerEntry) {
    switch entry.kind {
    case .deposit: deposits += entry.amount
    case .trade, .settlement, .priceProfit: add("price", entry.amount, to: entry.instrument)
    default: add(entry.kind.rawValue, entry.amount, to: entry.instrument)
    }
  }

  mutating func add(_ name: String, _ amount: Double, to instrument: InstrumentID?) {
    guard amount != 0 else { return }
    var place = names.firstIndex(of: name) ?? names.count
    if place == names.count {
      names.append(name)
      for row in sums.indices { sums[row].append(CompensatedSum()) }
      place = names.count - 1
    }
    sums[instrument.map { Int($0.index) } ?? sums.count - 1][place].add(amount)
  }

  /// The components of each instrument, without those of 0.
  var parts: [[ProfitAttribution.Component]] {
    sums.map { row in
      zip(names, row).compactMap { name, sum in
        sum.value == 0 ? nil : ProfitAttribution.Component(name: name, amount: sum.value)
      }
    }
  }

  /// The components over all instruments.
  var total: [ProfitAttribution.Component] {
    names.indices.map { place in
      ProfitAttribution.Component(
        name: names[place], amount: sums.compensatedSum { $0[place].value })
    }
  }

  var sum: Double { total.compensatedSum(\.amount) }
}
